"""The habits of every request: one commit, once only, reading never writes, clear errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.database import write_intent
from portal.extensions import db
from portal.models import Event, Organisation, OrganisationKind, Role, SubmittedForm
from portal.services.sessions import Visit, begin_session
from portal.web.accounts import SECRET, public
from portal.web.requests import CONTENT_SECURITY_POLICY, leave_to, writes
from tests.factories import PASSWORD, make_scene, make_user
from tests.factories.accounts import (
    make_administrator,
    make_auditor,
    make_security_administrator,
)
from tests.support.apps import build_app, dispose, migrate
from tests.support.pages import Page, PageClient

FILLED = {"name": "某县人民医院", "short_name": "某县医院", "kind": "hospital", "city": "某县"}


def organisations_called(name: str) -> int:
    return db.session.query(Organisation).filter_by(name=name).count()


# Once only.


def test_form_sent_twice_makes_one_record_and_leads_to_the_same_place(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    form = client.get("/admin/organisations/new")
    first = client.submit(form, "main form", **FILLED)
    second = client.submit(form, "main form", **FILLED)
    assert (first.status, second.status) == (303, 303)
    assert second.location == first.location
    assert organisations_called(FILLED["name"]) == 1
    assert "没有重复记录" in client.get(second.location).text


def test_form_sent_twice_by_htmx_is_led_on_as_a_whole_page(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    data = {**FILLED, "_once": "the same key"}
    first = client.post("/admin/organisations/new", data, htmx=True)
    second = client.post("/admin/organisations/new", data, htmx=True)
    assert second.headers["HX-Redirect"] == first.headers["HX-Redirect"] == "/admin/organisations"
    assert organisations_called(FILLED["name"]) == 1


def test_refused_form_frees_its_key_so_that_the_mended_one_counts(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    form = client.get("/admin/organisations/new")
    assert client.submit(form, "main form", **{**FILLED, "city": ""}).status == 422
    assert db.session.query(SubmittedForm).count() == 0
    assert client.submit(form, "main form", **FILLED).status == 303
    assert organisations_called(FILLED["name"]) == 1


def test_each_drawing_of_a_form_has_a_key_of_its_own(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    keys = {client.get("/admin/organisations/new").one("main [name=_once]")["value"] for _ in "ab"}
    assert len(keys) == 2


def test_key_of_somebody_else_reveals_nothing_of_where_they_went(
    new_client: Callable[[], PageClient],
) -> None:
    one, other = new_client(), new_client()
    one.login(make_administrator(), PASSWORD)
    other.login(make_administrator(), PASSWORD)
    data = {**FILLED, "_once": "a stolen key"}
    one.post("/admin/organisations/new", data)
    answer = other.post("/admin/organisations/new", {**data, "name": "另一家医院"})
    assert answer.location == "/"


def test_form_without_a_key_still_works(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    assert client.post("/admin/organisations/new", FILLED).status == 303
    assert organisations_called(FILLED["name"]) == 1


@pytest.fixture
def served(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application of its own, whose requests have connections and commits of their own."""
    app = build_app(empty_database_url, tmp_path)
    migrate(app)
    yield app
    with app.app_context():
        db.session.remove()
    dispose(app)


def test_two_requests_at_the_same_moment_make_one_record(served: Flask) -> None:
    """The second begins while the first is inside, and must wait for it at the key."""
    second_begins = threading.Event()
    inside = threading.Event()

    @writes
    def make() -> Any:
        inside.set()
        assert second_begins.wait(30)
        db.session.add(
            Organisation(name=request.form["name"], short_name="x", kind=OrganisationKind.HOSPITAL)
        )
        return leave_to("/made")

    served.add_url_rule("/make", "make", public(make), methods=["POST"])
    served.config["WTF_CSRF_ENABLED"] = False
    answers: dict[str, Any] = {}

    def send(name: str) -> None:
        answers[name] = served.test_client().post("/make", data={"name": name, "_once": "one key"})

    first = threading.Thread(target=send, args=("first",))
    first.start()
    assert inside.wait(30)

    def send_second() -> None:
        second_begins.set()
        send("second")

    second = threading.Thread(target=send_second)
    second.start()
    for thread in (first, second):
        thread.join(60)
    assert {name: (a.status_code, a.location) for name, a in answers.items()} == {
        "first": (303, "/made"),
        "second": (303, "/made"),
    }
    with served.app_context():
        assert list(db.session.scalars(sa.select(Organisation.name))) == ["first"]


def test_many_writers_at_once_all_get_through(served: Flask) -> None:
    """Each reads before it writes: on SQLite that would fail without the lock taken first."""

    @writes
    def count() -> Any:
        number = db.session.scalar(sa.select(sa.func.count()).select_from(Organisation))
        name = f"{number}-{request.form['name']}"
        db.session.add(Organisation(name=name, short_name="x", kind=OrganisationKind.HOSPITAL))
        return leave_to("/made")

    def look() -> str:
        return str(db.session.scalar(sa.select(sa.func.count()).select_from(Organisation)))

    served.add_url_rule("/count", "count", public(count), methods=["POST"])
    served.add_url_rule("/look", "look", public(look))
    served.config["WTF_CSRF_ENABLED"] = False
    together = threading.Barrier(4, timeout=30)
    statuses: list[int] = []

    def work(worker: int) -> None:
        client = served.test_client()
        together.wait()
        for turn in range(5):
            # Reading first, as a thread of the server does between two writes.
            assert client.get("/look").status_code == 200
            answer = client.post("/count", data={"name": f"{worker}-{turn}"})
            statuses.append(answer.status_code)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [303] * 20


# Reading and writing.


def ask(app: Flask, view: Callable[[], Any], method: str = "GET", **options: Any) -> Any:
    """Send one request to ``view``, which is put into ``app`` as a public page."""
    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/probe", "probe", public(view), methods=["GET", "POST"])
    return app.test_client().open("/probe", method=method, **options)


def logged_in(app: Flask) -> FlaskClient:
    """A browser of an administrator, committed for other connections to see."""
    with app.app_context():
        user = make_user(Role.ADMINISTRATOR)
        secret = begin_session(user, visit=Visit())
        db.session.commit()
        identity = user.get_id()
    visitor = app.test_client()
    with visitor.session_transaction() as cookie:
        cookie.update({"_user_id": identity, SECRET: secret})
    return visitor


def made_event() -> Event:
    return Event(
        object_type="user", object_id=1, action="x", title="x", actor_name="x", at=clock.now()
    )


def by_object() -> str:
    db.session.add(made_event())
    db.session.flush()
    return "written"


def by_statement() -> str:
    db.session.execute(sa.delete(Event))
    return "written"


def number_of_events(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(Event)) or 0


@pytest.mark.parametrize("view", [by_object, by_statement])
def test_reading_request_that_writes_is_stopped(
    served: Flask, view: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(served, view).status_code == 500
    assert "a reading request tried to write" in caplog.text
    assert number_of_events(served) == 0


def test_write_without_a_commit_point_is_lost(served: Flask) -> None:
    """A view that forgets @writes keeps nothing, and so is noticed at once."""
    assert ask(served, by_object, "POST").status_code == 200
    assert number_of_events(served) == 0


def test_write_is_kept_after_a_good_answer(served: Flask) -> None:
    assert ask(served, writes(by_object), "POST").status_code == 200
    assert number_of_events(served) == 1


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_refusal_rolls_back_whatever_came_before_it(served: Flask, status: int) -> None:
    def view() -> tuple[str, int]:
        by_object()
        return "refused", status

    assert ask(served, writes(view), "POST").status_code == status
    assert number_of_events(served) == 0


def test_crash_rolls_back_and_frees_the_key(served: Flask) -> None:
    crashes = iter([True, False])

    def view() -> str:
        by_object()
        if next(crashes):
            raise ValueError("half way")
        return "written"

    key = {"_once": "kept over a crash"}
    assert ask(served, writes(view), "POST", data=key).status_code == 500
    assert number_of_events(served) == 0
    assert served.test_client().post("/probe", data=key).status_code == 200
    assert number_of_events(served) == 1


def test_request_declares_what_it_means_to_do_before_it_touches_the_database(
    served: Flask,
) -> None:
    """The account is loaded in a transaction whose kind depends on it.

    One thread of the server answers one request after the other, so what the one declared
    still stands when the next begins.
    """
    served.config["WTF_CSRF_ENABLED"] = False
    visitor, thread = logged_in(served), Context()
    declared: list[bool] = []

    def note(_connection: Any) -> None:
        declared.append(write_intent.get())

    sa.event.listen(sa.Engine, "begin", note)
    try:
        thread.run(lambda: visitor.get("/admin/organisations"))
        reading, declared[:] = set(declared), []
        thread.run(lambda: visitor.post("/admin/organisations/new"))
        writing = set(declared)
    finally:
        sa.event.remove(sa.Engine, "begin", note)
    assert (reading, writing) == ({False}, {True})


# Clear errors.


def test_form_without_its_token_gets_a_page_that_says_what_to_do(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    page = client.post("/admin/organisations/new", {**FILLED, "csrf_token": ""})
    assert page.status == 400
    assert "请返回上一页刷新后再提交" in page.text
    assert organisations_called(FILLED["name"]) == 0


def test_unknown_address_and_unseen_object_get_the_same_page(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.foreign_coordinator, PASSWORD)
    unknown = client.get("/no-such-page")
    unseen = client.get(f"/pairings/{scene.pairing_id}")
    assert (unknown.status, unseen.status) == (404, 404)
    assert unknown.h1 == unseen.h1 == "没有找到这一页"
    assert unknown.texts(".error-page") == unseen.texts(".error-page")


def test_refusal_says_whose_step_it_is(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/group")
    assert page.status == 403
    assert "只有结对双方" in page.text


def test_wrong_method_gets_a_page(client: PageClient) -> None:
    client.login(make_auditor(), PASSWORD)
    page = client.post("/admin/events")
    assert page.status == 405
    assert "不接受这种操作" in page.text


def test_too_large_a_body_gets_a_page(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(client.app.config, "MAX_CONTENT_LENGTH", 1000)
    client.login(make_administrator(), PASSWORD)
    page = client.post("/admin/organisations/new", {**FILLED, "name": "长" * 2000})
    assert page.status == 413
    assert page.h1 == "文件太大，没有上传"


def test_illegal_step_says_so_and_not_that_somebody_was_faster(client: PageClient) -> None:
    client.login(make_security_administrator(), PASSWORD)
    user = make_user(Role.EXPERT)
    page = client.post(f"/admin/users/{user.id}/enable")
    assert (page.status, page.h1) == (409, "这一步没有办成")
    assert "没有停用" in page.text


def test_error_page_offers_the_way_back_only_to_our_own_pages(client: PageClient) -> None:
    ours = client.get("/nowhere", headers={"Referer": "http://localhost/login?next=/tasks"})
    theirs = client.get("/nowhere", headers={"Referer": "https://example.com/login"})
    assert ours.one("a[data-back]")["href"] == "/login?next=/tasks"
    assert "example.com" not in theirs.html


def test_htmx_gets_the_error_as_a_message_for_the_live_region(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    page = client.get("/admin/organisations/999999", htmx=True)
    assert page.status == 404
    assert (page.headers["HX-Retarget"], page.headers["HX-Reswap"]) == ("#messages", "innerHTML")
    assert page.one("[role=alert]")


def test_crash_shows_a_number_that_stands_in_the_log(
    served: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def view() -> str:
        raise ZeroDivisionError("the cause")

    with caplog.at_level(logging.ERROR, "portal"):
        answer = ask(served, view)
    page = Page(answer, fragment=False)
    assert page.status == 500
    reference = page.texts(".reference .figure")[0]
    line = next(record for record in caplog.records if reference in record.getMessage())
    assert "GET /probe" in line.getMessage()
    assert line.exc_info is not None
    assert isinstance(line.exc_info[1], ZeroDivisionError)
    assert "the cause" not in page.html


def test_crash_of_the_database_still_shows_the_page(
    served: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of the error page may need what has just failed."""
    visitor = logged_in(served)
    assert visitor.get("/admin/organisations").status_code == 200

    def fail(*_args: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("the server went away"))

    sa.event.listen(sa.Engine, "before_cursor_execute", fail)
    try:
        page = Page(visitor.get("/admin/organisations"), fragment=False)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", fail)
    assert page.status == 500
    assert page.h1 == "系统出错了"


def test_two_makers_of_the_same_thing_are_told_and_not_shown_a_crash(served: Flask) -> None:
    def view() -> str:
        for _ in range(2):
            db.session.add(
                Organisation(name="同名", short_name="x", kind=OrganisationKind.HOSPITAL)
            )
            db.session.flush()
        return "written"

    page = Page(ask(served, writes(view), "POST"), fragment=False)
    assert page.status == 409
    assert "已有其他人提交了同样的内容" in page.text


def test_broken_constraint_of_another_kind_is_a_crash(
    served: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def view() -> str:
        db.session.add(Organisation(name="缺类别", short_name="x"))
        db.session.flush()
        return "written"

    assert ask(served, writes(view), "POST").status_code == 500


# Headers.

PAGES = ("/login", "/", "/admin/organisations", "/nowhere")


@pytest.mark.parametrize("path", PAGES)
def test_page_carries_the_strict_headers(client: PageClient, path: str) -> None:
    client.login(make_administrator(), PASSWORD)
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in headers["Cache-Control"]


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


def test_secure_connection_is_remembered_by_the_browser(client: PageClient) -> None:
    plain = client.get("/login")
    secure = client.get("/login", base_url="https://localhost")
    assert "Strict-Transport-Security" not in plain.headers
    assert "max-age=31536000" in secure.headers["Strict-Transport-Security"]


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: PageClient) -> None:
    cookie = client.login(make_administrator(), PASSWORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_static_file_with_its_fingerprint_is_kept_for_good(client: PageClient) -> None:
    page = client.get("/login")
    addresses = [link["href"] for link in page.select("link[rel=stylesheet]")]
    addresses += [script["src"] for script in page.select("script[src]")]
    assert addresses
    for address in addresses:
        answer = client.get(str(address))
        assert answer.status == 200
        assert "v=" in str(address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_static_file_without_its_fingerprint_is_not_kept_for_good(client: PageClient) -> None:
    assert "immutable" not in client.get("/static/css/portal.css").headers["Cache-Control"]


def test_forwarded_address_counts_only_behind_a_proxy(tmp_path: Path) -> None:
    def scheme() -> str:
        return request.scheme

    sent = {"X-Forwarded-Proto": "https"}
    bare = build_app("sqlite://", tmp_path)
    behind = build_app("sqlite://", tmp_path, PROXY_HOPS=1)
    assert ask(bare, scheme, headers=sent).text == "http"
    assert ask(behind, scheme, headers=sent).text == "https"


# Guessed addresses.


@pytest.mark.parametrize("number", ["999999999", "2147483648", "9" * 30])
@pytest.mark.parametrize("path", ["/tasks/{}", "/closure/{}", "/pairings/{}/tasks", "/files/{}"])
def test_guessed_number_is_no_such_page_however_long(
    client: PageClient, path: str, number: str
) -> None:
    client.login(make_scene().centre, PASSWORD)
    assert client.get(path.format(number)).status == 404
