"""Sessions: kept alive by use, ended by idleness, by their owner, by others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from portal import clock
from portal.database import write_intent
from portal.extensions import db
from portal.models import Event, Role, User, UserSession
from portal.services import accounts, sessions, users
from portal.web.devices import device_name
from tests.factories import PASSWORD, make_organisation, make_scene, make_user
from tests.factories.accounts import (
    make_administrator,
    make_centre_reviewer,
    make_security_administrator,
)
from tests.factories.plans import plan_in_force
from tests.factories.sessions import WINDOWS_EDGE, open_session
from tests.factories.uploads import live_link
from tests.support.pages import PageClient
from tests.support.queries import count_queries

HOME = "/pairings"
NEW_PASSWORD = "Xin-de-mima-77"


def make_coordinator() -> User:
    return make_user(Role.BASE_COORDINATOR, make_organisation())


def sessions_of(user: User) -> list[UserSession]:
    return db.session.query(UserSession).filter_by(user_id=user.id).order_by(UserSession.id).all()


def is_in(browser: PageClient) -> bool:
    return browser.get("/account").status == 200


def titles_about(user: User) -> list[str]:
    events = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    return [event.title for event in events.order_by(Event.id)]


# Beginning.


def test_log_in_keeps_from_where_and_only_the_fingerprint_of_the_secret(client: PageClient) -> None:
    user = make_coordinator()
    data = {"username": user.username, "password": PASSWORD, "csrf_token": client.csrf_token()}
    headers = {"User-Agent": WINDOWS_EDGE + "x" * 300}
    client.http.post("/login", data=data, headers=headers)
    (kept,) = sessions_of(user)
    assert (kept.address, kept.way, kept.ended_at) == ("127.0.0.1", "password", None)
    assert kept.agent.startswith(WINDOWS_EDGE)
    assert len(kept.agent) == 200
    with client.http.session_transaction() as cookie:
        secret = cookie["log_in"]
    assert len(secret) >= 43
    assert secret not in (kept.token_hash, "")


def test_secret_that_was_there_before_the_log_in_opens_nothing(
    new_client: Callable[[], PageClient],
) -> None:
    """No fixation: whoever plants a cookie is not in when its bearer logs in."""
    user, victim = make_coordinator(), new_client()
    with victim.http.session_transaction() as cookie:
        cookie.update({"log_in": "planted", "_user_id": str(user.id), "csrf_token": "planted"})
    victim.login(user, PASSWORD)
    with victim.http.session_transaction() as cookie:
        assert cookie["log_in"] != "planted"
        assert cookie.get("csrf_token") != "planted"
    thief = new_client()
    with thief.http.session_transaction() as cookie:
        cookie.update({"log_in": "planted", "_user_id": str(user.id)})
    assert (is_in(victim), is_in(thief)) == (True, False)


def test_second_log_in_in_the_same_browser_ends_the_first(client: PageClient) -> None:
    user, other = make_coordinator(), make_coordinator()
    client.login(user, PASSWORD)
    client.login(other, PASSWORD)
    assert [one.ended_why for one in sessions_of(user)] == ["replaced"]
    assert client.get("/account").text.count(other.username) == 1


# Idleness.


@pytest.mark.parametrize(
    ("minutes", "idle", "opens"),
    [(60, 59.9, True), (60, 60, True), (60, 60.1, False), (1, 0.9, True), (1, 1.1, False)],
)
def test_session_ends_when_it_was_idle_too_long(
    client: PageClient, monkeypatch: pytest.MonkeyPatch, minutes: int, idle: float, opens: bool
) -> None:
    monkeypatch.setitem(client.app.config, "IDLE_MINUTES", minutes)
    start = clock.now().replace(microsecond=0)
    with time_machine.travel(start, tick=False):
        client.login(make_coordinator(), PASSWORD)
    with time_machine.travel(start + timedelta(minutes=idle), tick=False):
        assert client.get(HOME).status == (200 if opens else 302)


def test_idleness_is_judged_by_the_row_and_not_by_the_cookie(client: PageClient) -> None:
    """The cookie lives for days; the server says when it no longer counts."""
    user = make_coordinator()
    client.login(user, PASSWORD)
    sessions_of(user)[0].seen_at -= timedelta(days=3 * 366)
    assert client.get(HOME).status == 302


@pytest.mark.parametrize("minutes", [1, 4, 60])
def test_session_in_use_stays_open(
    client: PageClient, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    monkeypatch.setitem(client.app.config, "IDLE_MINUTES", minutes)
    start = clock.now()
    with time_machine.travel(start) as traveller:
        client.login(make_coordinator(), PASSWORD)
        for _ in range(12):
            traveller.shift(timedelta(minutes=minutes / 3))
            assert client.get(HOME).status == 200


def test_use_is_written_at_most_every_five_minutes(client: PageClient) -> None:
    user = make_coordinator()
    with time_machine.travel(clock.now(), tick=False) as traveller:
        client.login(user, PASSWORD)
        begun = sessions_of(user)[0].seen_at
        traveller.shift(timedelta(minutes=4, seconds=59))
        with count_queries() as queries:
            client.get("/account/password")
        assert sessions_of(user)[0].seen_at == begun
        queries.at_most(1)
        traveller.shift(timedelta(seconds=1))
        with count_queries() as queries:
            client.get("/account/password")
        assert sessions_of(user)[0].seen_at == clock.now()
        queries.at_most(2)


def test_use_is_written_by_a_form_as_well(client: PageClient) -> None:
    user = make_coordinator()
    with time_machine.travel(clock.now(), tick=False) as traveller:
        client.login(user, PASSWORD)
        traveller.shift(timedelta(minutes=30))
        client.post("/account/sessions/end-others")
        assert sessions_of(user)[0].seen_at == clock.now()


def test_reading_request_may_write_nothing_else_after_that(client: PageClient) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    seen: list[bool] = []
    note = lambda: seen.append(write_intent.get())  # noqa: E731
    client.app.before_request_funcs[None].append(note)
    try:
        with time_machine.travel(clock.now() + timedelta(minutes=30)):
            assert client.get(HOME).status == 200
    finally:
        client.app.before_request_funcs[None].remove(note)
    assert seen == [False]
    assert sessions_of(user)[0].seen_at > sessions_of(user)[0].created_at


@pytest.mark.parametrize(("hours", "opens"), [(11.9, True), (12.1, False)])
def test_session_in_use_ends_all_the_same_after_so_many_hours(
    client: PageClient, monkeypatch: pytest.MonkeyPatch, hours: float, opens: bool
) -> None:
    monkeypatch.setitem(client.app.config, "SESSION_HOURS", 12)
    user, start = make_coordinator(), clock.now()
    with time_machine.travel(start, tick=False):
        client.login(user, PASSWORD)
    with time_machine.travel(start + timedelta(hours=hours), tick=False):
        (kept,) = sessions_of(user)
        kept.seen_at = clock.now()
        db.session.flush()
        assert client.get(HOME).status == (200 if opens else 302)


def test_answers_leave_the_cookie_alone_that_another_request_may_just_change(
    client: PageClient,
) -> None:
    client.login(make_coordinator(), PASSWORD)
    client.get(HOME)
    assert "Set-Cookie" not in client.get(HOME).headers


def test_session_and_account_are_read_in_one_statement(client: PageClient) -> None:
    client.login(make_coordinator(), PASSWORD)
    with count_queries() as queries:
        client.get("/account/password")
    queries.at_most(1)
    assert queries.touching("user_sessions")


# Ending.


def test_owner_sees_where_the_account_is_logged_in(client: PageClient) -> None:
    user, stranger = make_coordinator(), make_coordinator()
    open_session(user)
    open_session(user, idle=timedelta(days=3 * 366))
    open_session(stranger)
    sessions.end_session(open_session(user), why="log_out")
    client.login(user, PASSWORD)
    page = client.get("/account")
    rows = page.texts("#sessions tbody tr")
    assert len(rows) == 2
    assert sum("本机" in row for row in rows) == 1
    assert any("Windows 电脑 · Edge" in row and "10.1.2.3" in row for row in rows)


def test_owner_logs_out_one_session_elsewhere(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, ward, office = make_coordinator(), new_client(), new_client()
    for browser in (ward, office, client):
        browser.login(user, PASSWORD)
    first = sessions_of(user)[0]
    page = client.get("/account")
    form = f'form[action="/account/sessions/{first.id}/end"]'
    assert client.submit(page, form).location == "/account"
    assert (is_in(ward), is_in(office), is_in(client)) == (False, True, True)
    assert first.ended_why == "elsewhere"
    assert titles_about(user)[-1] == "退出其他设备上的登录"


def test_owner_logs_out_everywhere_else(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, ward, stranger = make_coordinator(), new_client(), new_client()
    ward.login(user, PASSWORD)
    stranger.login(make_coordinator(), PASSWORD)
    client.login(user, PASSWORD)
    page = client.submit(client.get("/account"), 'form[action="/account/sessions/end-others"]')
    assert page.location == "/account"
    assert (is_in(ward), is_in(stranger), is_in(client)) == (False, True, True)
    again = client.get("/account")
    assert again.select('form[action="/account/sessions/end-others"]') == []
    client.post("/account/sessions/end-others")
    assert titles_about(user).count("退出其他设备上的登录") == 1


def test_owner_logs_out_the_session_at_hand_from_the_list(client: PageClient) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    page = client.submit(client.get("/account"), "#sessions form")
    assert page.location == "/login"
    assert not is_in(client)
    assert titles_about(user) == ["登录", "退出登录"]


def test_nobody_ends_the_session_of_somebody_else(client: PageClient) -> None:
    theirs = open_session(make_coordinator())
    client.login(make_security_administrator(), PASSWORD)
    assert client.post(f"/account/sessions/{theirs.id}/end").status == 404
    assert theirs.ended_at is None


def test_log_out_ends_the_row_so_that_a_kept_cookie_opens_nothing(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    client.login(make_coordinator(), PASSWORD)
    cookie = client.http.get_cookie("session")
    assert cookie is not None
    client.post("/logout")
    thief = new_client()
    thief.http.set_cookie("session", cookie.value)
    assert not is_in(thief)


def change_password(user: User) -> None:
    accounts.change_password(user, current=PASSWORD, new=NEW_PASSWORD)


def guess_inside(user: User) -> None:
    for _ in range(accounts.FAILURES_BEFORE_LOCK):
        with pytest.raises(accounts.Rejected):
            accounts.change_password(user, current="Cuowu-2020", new=NEW_PASSWORD)


def guess_outside(user: User) -> None:
    for _ in range(accounts.FAILURES_BEFORE_LOCK):
        with pytest.raises(accounts.Rejected):
            accounts.check_password(user.username, "Cuowu-2020")


def become_leader(user: User) -> None:
    entry = users.UserEntry(user.name, user.position, Role.BASE_LEADER, user.organisation)
    users.edit_account(user, entry, seen=None, actor=make_security_administrator())


def test_link_of_a_phone_ends_with_the_sessions(session: Any) -> None:
    scene = make_scene()
    task = plan_in_force(scene.pairing, scene).tasks[0]
    link, _ = live_link(task, by=scene.supported_coordinator)
    theirs, _ = live_link(task, by=scene.supporting_coordinator)
    change_password(scene.supported_coordinator)
    db.session.refresh(link)
    db.session.refresh(theirs)
    assert link.revoked_at is not None
    assert theirs.revoked_at is None


@pytest.mark.parametrize(
    ("what", "stays"),
    [
        (change_password, False),
        (guess_inside, False),
        (guess_outside, True),
        (lambda user: users.reset_password(user, actor=make_security_administrator()), False),
        (
            lambda user: users.disable_account(
                user, reason="调离", actor=make_security_administrator()
            ),
            False,
        ),
        (lambda user: sessions.put_out(user, actor=make_security_administrator()), False),
        (become_leader, False),
    ],
    ids=["password", "guess-inside", "guess-outside", "reset", "disabled", "put-out", "role"],
)
def test_what_ends_the_sessions_of_an_account(
    client: PageClient, what: Callable[[User], Any], stays: bool
) -> None:
    user, bystander = make_coordinator(), open_session(make_coordinator())
    client.login(user, PASSWORD)
    what(user)
    assert is_in(client) is stays
    assert bystander.ended_at is None


def test_session_of_a_disabled_account_opens_nothing_even_if_its_row_is_open(
    client: PageClient,
) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    user.is_active = False
    assert not is_in(client)


# The security administrator.


def test_security_administrator_sees_and_ends_the_sessions_of_an_account(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, theirs, keeper = make_coordinator(), new_client(), make_security_administrator()
    theirs.login(user, PASSWORD)
    client.login(keeper, PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    assert len(page.select("#sessions tbody tr")) == 1
    assert client.submit(page, "#sessions form").location == f"/admin/users/{user.id}"
    assert not is_in(theirs)
    event = db.session.query(Event).filter_by(action="session_ended").one()
    assert (event.actor_id, event.object_id) == (keeper.id, user.id)
    assert "现在没有登录" in client.get(f"/admin/users/{user.id}").text


@pytest.mark.parametrize(
    ("make", "status"),
    [(make_centre_reviewer, 403), (make_administrator, 404), (make_coordinator, 404)],
)
def test_nobody_else_sees_or_ends_them(
    client: PageClient, make: Callable[[], User], status: int
) -> None:
    user = make_coordinator()
    theirs = open_session(user)
    client.login(make(), PASSWORD)
    assert client.get(f"/admin/users/{user.id}").select("#sessions") == []
    assert client.post(f"/admin/users/{user.id}/sessions/end").status == status
    assert theirs.ended_at is None


def test_security_administrator_does_not_put_out_themselves(client: PageClient) -> None:
    keeper = make_security_administrator()
    client.login(keeper, PASSWORD)
    assert client.post(f"/admin/users/{keeper.id}/sessions/end").status == 403
    assert client.get(f"/admin/users/{keeper.id}").select("#sessions") == []


# Other windows.


def test_form_of_another_window_is_good_after_the_same_person_logged_in_again(
    client: PageClient,
) -> None:
    """Two windows of one browser: the log-in ran out, and came back in the other one."""
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    page = client.get("/admin/organisations/new")
    sessions_of(scene.centre)[0].seen_at -= timedelta(days=3 * 366)
    assert not is_in(client)
    client.submit(
        client.get("/login"), "main form", username=scene.centre.username, password=PASSWORD
    )
    values = {"name": "某院", "short_name": "某", "kind": "hospital", "city": "某县"}
    assert client.submit(page, "main form", **values).status == 303


def test_form_of_somebody_else_is_not(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    page = client.get("/admin/organisations/new")
    client.login(scene.other_centre, PASSWORD)
    values = {"name": "某院", "short_name": "某", "kind": "hospital", "city": "某县"}
    assert client.submit(page, "main form", **values).status == 400


# Names of devices.


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (WINDOWS_EDGE, "Windows 电脑 · Edge"),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/86 QIHU 360EE",
            "Windows 电脑 · 360 浏览器",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0", "iPhone · 微信"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Safari/537.36", "安卓手机 · Chrome"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari/605",
            "苹果电脑 · Safari",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Firefox/120.0", "Linux 电脑 · Firefox"),
        ("curl/8.0", "未知设备"),
        ("", "未知设备"),
    ],
)
def test_device_is_called_as_its_owner_would(agent: str, name: str) -> None:
    assert device_name(agent) == name
