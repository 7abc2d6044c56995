"""A hospital's log-in service in a real browser: button, the service's page, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from portal import clock
from portal.demo.people import PASSWORD
from portal.extensions import db
from portal.models import User
from portal.sso import Provider
from portal.web.single_sign_on import EXTENSION, SingleSignOn
from tests.factories.access import make_invitation, make_invited_user
from tests.support.browser import LiveServer, axe
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, FakeProvider

pytestmark = pytest.mark.browser

USERNAME = "shengyuan-coordinator"
LABEL = "省人民医院统一身份"


@pytest.fixture(autouse=True)
def _sso(live_server: LiveServer, oidc_provider: FakeProvider) -> Iterator[None]:
    """The hospital of the demonstration has a service, which asks before it confirms."""
    app = live_server.app
    with app.app_context():
        user = db.session.query(User).filter_by(username=USERNAME).one()
        hospital = user.organisation_name
    oidc_provider.asks = True
    provider = Provider(
        slug="shengyuan",
        label=LABEL,
        organisation=hospital,
        issuer=oidc_provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
    before = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = SingleSignOn(app, {"shengyuan": provider})
    yield
    app.extensions[EXTENSION] = before


def confirm_there(page: Page) -> None:
    """Be on the service's own page, and confirm."""
    expect(page.get_by_role("heading", name="统一身份认证")).to_be_visible()
    page.get_by_role("button", name="确认登录").click()


def test_person_links_the_account_once_and_then_comes_in_by_the_button(
    page: Page,
) -> None:
    page.goto("/login")
    page.get_by_role("link", name=LABEL).click()
    confirm_there(page)
    expect(page.locator("main")).to_contain_text("还没有关联可用的门户账号")
    assert axe(page) == []

    page.goto("/login")
    page.get_by_label("用户名").fill(USERNAME)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto("/account")
    page.locator("#sso").get_by_role("link", name="管理").click()
    page.get_by_label("当前密码").fill(PASSWORD)
    page.get_by_role("button", name="关联", exact=True).click()
    confirm_there(page)
    expect(page.locator("main")).to_contain_text("已关联")
    assert axe(page) == []

    page.context.clear_cookies()
    page.goto("/login?next=/pairings")
    assert axe(page) == []
    page.get_by_role("link", name=LABEL).click()
    confirm_there(page)
    expect(page).to_have_url(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/pairings")
    expect(page.get_by_role("heading", level=1)).to_have_text("结对")


def test_invited_person_opens_the_link_and_sets_a_password(
    page: Page, live_server: LiveServer
) -> None:
    with live_server.app.app_context():
        keeper = db.session.query(User).filter_by(username=USERNAME).one()
        person = make_invited_user(organisation=keeper.organisation, name="符新来")
        secret = make_invitation(person, keeper)
        db.session.commit()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/invitation/{secret}")
    expect(page.locator("main")).to_contain_text("符新来")
    assert axe(page) == []
    page.get_by_label("设置密码").fill("Qinglan-7-shiliu")
    page.get_by_label("再次输入密码").fill("Qinglan-7-shiliu")
    page.get_by_role("button", name="设置密码并登录").click()
    expect(page.locator("#flash")).to_contain_text("欢迎使用")
    page.goto(f"/invitation/{secret}")
    expect(page.locator("main")).to_contain_text("使用过")
    assert clock.offset_days() != 0, "all of it at the demonstration's own date"
