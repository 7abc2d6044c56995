"""A test client that reads pages as a browser would and lints each one it receives.

client.login(user)
page = client.get("/tasks")
page = client.post("/tasks/3/closure", {"note": "…"}, follow=True)
page = client.submit(page, "#closure-form", note="…")
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, Protocol, TypeVar

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from portal.extensions import db
from tests.support.page_rules import faults_in, parse, words

DEFAULT_PASSWORD = "Correct-horse-7"
HTMX = {"HX-Request": "true"}
Result = TypeVar("Result")


class HasUsername(Protocol):
    @property
    def username(self) -> Any: ...


class Page:
    """One response: its status and headers, and its HTML as something to ask questions of."""

    def __init__(self, response: TestResponse, *, fragment: bool) -> None:
        self.response = response
        self.fragment = fragment
        self.status = response.status_code
        self.headers = response.headers
        self.location = response.headers.get("Location", "")
        self.path = response.request.path
        is_html = response.mimetype == "text/html"
        self.html = response.get_data(as_text=True) if is_html else ""
        self._soup: BeautifulSoup | None = None

    @property
    def soup(self) -> BeautifulSoup:
        if self._soup is None:
            self._soup = parse(self.html, fragment=self.fragment)
        return self._soup

    @property
    def text(self) -> str:
        return words(self.soup)

    @property
    def h1(self) -> str:
        return words(self.soup.h1)

    def select(self, css: str) -> list[Tag]:
        return list(self.soup.select(css))

    def one(self, css: str) -> Tag:
        found = self.select(css)
        assert len(found) == 1, f"{len(found)} elements match {css!r} on {self.path}"
        return found[0]

    def texts(self, css: str) -> list[str]:
        return [words(tag) for tag in self.select(css)]


class PageClient:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http: FlaskClient = app.test_client()

    def get(self, path: str, query: Any = None, **options: Any) -> Page:
        return self._open(path, method="GET", query_string=query, **options)

    def head(self, path: str, **options: Any) -> Page:
        return self._open(path, method="HEAD", **options)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Page:
        """Send a form; the token against forged requests is filled in unless `data` has one."""
        form = {"csrf_token": self.csrf_token(), **(data or {})}
        return self._open(path, method="POST", data=form, **options)

    def submit(self, page: Page, css: str = "main form", **values: Any) -> Page:
        """Fill in a form of a page and send it, with whatever it already holds."""
        form = page.one(css)
        data = {**form_values(form), **values}
        target = str(form.get("action") or page.path)
        if str(form.get("method", "get")).lower() == "post":
            return self._open(target, method="POST", data=data)
        return self._open(target, method="GET", query_string=data)

    def login(self, user: HasUsername | str, password: str = DEFAULT_PASSWORD) -> Page:
        username = user if isinstance(user, str) else user.username
        page = self.post("/login", {"username": username, "password": password})
        assert page.status in {302, 303}, f"{username} cannot log in: {page.status} {page.text}"
        return page

    def logout(self) -> None:
        """Forget the cookies, as another browser would have none."""
        self.http = self.app.test_client()

    def csrf_token(self) -> str:
        """What Flask-WTF would put into a form of this session, without loading a page for it."""

        def remember() -> str:
            with self.http.session_transaction() as cookie:
                return str(cookie.setdefault("csrf_token", secrets.token_hex(20)))

        secret = self._apart(remember)
        key = self.app.config.get("WTF_CSRF_SECRET_KEY") or self.app.secret_key
        return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(secret))

    def _open(
        self,
        path: str,
        *,
        htmx: bool = False,
        follow: bool = False,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Page:
        # The request starts from what the test has written, as it would with two connections.
        db.session.commit()
        sent = {**(HTMX if htmx else {}), **(headers or {})}
        response = self._apart(
            # Read to the end and closed, as a server does: a file left open is a warning.
            lambda: self.http.open(
                path, headers=sent, follow_redirects=follow, buffered=True, **options
            )
        )
        # A form of more than half a megabyte was sent from a temporary file.
        response.request.environ["wsgi.input"].close()
        # And the test sees what the request wrote.
        db.session.expire_all()
        page = Page(response, fragment=sent.get("HX-Request") == "true")
        lint(page)
        return page

    @staticmethod
    def _apart(action: Callable[[], Result]) -> Result:
        """Run outside the test's application context.

        A request would otherwise share it: with `g`, the logged-in user and the database session
        would pass from one request to the next.
        """
        return Context().run(action)


def form_values(form: Tag) -> dict[str, Any]:
    """What a browser would send if the person only pressed the button."""
    values: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        kind, name = field.get("type", field.name), str(field["name"])
        if field.has_attr("disabled") or kind in {"submit", "button", "file", "image", "reset"}:
            continue
        if kind in {"checkbox", "radio"} and not field.has_attr("checked"):
            continue
        if field.name == "select":
            chosen = [str(o.get("value", words(o))) for o in field.select("option[selected]")]
            first = field.select_one("option")
            if not chosen and first is not None and not field.has_attr("multiple"):
                chosen = [str(first.get("value", words(first)))]
            values.setdefault(name, []).extend(chosen)
            continue
        value = field.get_text() if field.name == "textarea" else field.get("value", "")
        values.setdefault(name, []).append(value or ("on" if kind == "checkbox" else ""))
    return values


def lint(page: Page) -> None:
    is_answer = page.html and not 300 <= page.status < 400
    if not is_answer:
        return
    found = faults_in(page.soup, fragment=page.fragment)
    assert not found, f"{page.path} ({page.status}):\n- " + "\n- ".join(found)


@pytest.fixture
def client(app: Flask) -> PageClient:
    """A person's browser: nobody is logged in yet."""
    return PageClient(app)


@pytest.fixture
def new_client(app: Flask) -> Callable[[], PageClient]:
    """More browsers, for tests in which several people act."""
    return lambda: PageClient(app)
