"""What the tests of a hospital's own log-in share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.models import Organisation, Role, User
from portal.sso import Provider
from portal.web.single_sign_on import EXTENSION, SingleSignOn
from tests.factories import make_organisation, make_user
from tests.factories.access import make_identity
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, FakeProvider
from tests.support.sso import HOSPITAL


@pytest.fixture
def provider(oidc_provider: FakeProvider) -> Provider:
    """The service as the operator's file would name it."""
    return Provider(
        slug="haikou",
        label="海口试验医院统一身份",
        organisation=HOSPITAL,
        issuer=oidc_provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


@pytest.fixture(autouse=True)
def _sso(app: Flask, provider: Provider) -> Iterator[None]:
    before = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = SingleSignOn(app, {provider.slug: provider})
    yield
    app.extensions[EXTENSION] = before


@pytest.fixture
def hospital(app: Flask) -> Organisation:
    return make_organisation(name=HOSPITAL)


@pytest.fixture
def user(hospital: Organisation) -> User:
    """Somebody whom the service calls 0012."""
    person = make_user(Role.BASE_COORDINATOR, hospital, name="符同心")
    make_identity(person, "haikou", "0012")
    return person
