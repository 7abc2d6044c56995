"""What the tests of a hospital's own log-in share."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from portal.extensions import db
from portal.models import Event, User
from tests.support.pages import Page, PageClient

HOSPITAL = "海口试验医院"


NOT_LINKED = "还没有关联可用的门户账号"


def titles(user: User) -> list[str]:
    rows = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    return [event.title for event in rows.order_by(Event.id)]


def back_from(address: str) -> str:
    """Let the service log the person in, and return the path it sends the browser to."""
    answer = requests.get(address, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def come_in(client: PageClient, query: str = "") -> Page:
    started = client.get(f"/sso/haikou{query}")
    assert started.status == 302
    return client.get(back_from(started.location))


def is_in(client: PageClient) -> bool:
    return client.get("/account/identities").status == 200
