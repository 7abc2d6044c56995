"""The second factor: setting up, logging in in two steps, paper, what is demanded of whom."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from portal import clock, sealing
from portal.errors import Forbidden, Rejected
from portal.extensions import db
from portal.models import Event, RecoveryCode, Role, Setting, User
from portal.services import accounts, second_factor, sessions, users
from tests.factories import PASSWORD, make_organisation, make_user
from tests.factories.accounts import (
    INITIAL_PASSWORD,
    make_administrator,
    make_auditor,
    make_centre_reviewer,
    make_issued_user,
    make_security_administrator,
)
from tests.factories.sessions import code_of, demand_second_factor, open_session, with_second_factor
from tests.support.pages import Page, PageClient

SETTING_UP = "/account/second-factor"
CONFIRM = 'form[action="/account/second-factor/confirm"]'


def make_coordinator() -> User:
    return make_user(Role.BASE_COORDINATOR, make_organisation())


def made_safe() -> User:
    user = make_coordinator()
    with_second_factor(user)
    return user


def show_password(client: PageClient, user: User, wanted: str = "") -> Page:
    data = {"username": user.username, "password": PASSWORD, "next": wanted}
    return client.post("/login", data)


def show_code(client: PageClient, code: str) -> Page:
    return client.submit(client.get("/login/code"), "main form", code=code)


def is_in(client: PageClient) -> bool:
    return client.get("/pairings").status == 200


def actions_about(user: User) -> list[str]:
    events = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    return [event.action for event in events.order_by(Event.id)]


# Setting up.


def test_owner_turns_it_on_and_gets_ten_codes_this_once(client: PageClient) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    page = client.get(SETTING_UP)
    assert page.select(CONFIRM) == []
    client.submit(page, 'form[action="/account/second-factor/begin"]')
    page = client.get(SETTING_UP)
    key = page.texts("#key-text")[0].replace(" ", "")
    assert key == second_factor.key_of(user)
    assert page.one("img.qr")["src"].startswith("data:image/svg+xml")
    assert user.totp_since is None
    shown = client.submit(page, CONFIRM, password=PASSWORD, code=code_of(user))
    assert shown.status == 200
    codes = shown.texts(".recovery-codes li")
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-9]{4}-){2}[A-Z2-9]{4}", code) for code in codes)
    assert user.totp_since is not None
    assert actions_about(user) == ["log_in", "second_factor_on"]
    again = client.submit(page, CONFIRM, password=PASSWORD, code=code_of(user))
    assert (again.status, again.location) == (303, "/account")
    assert "剩余恢复码 10 个" in client.get("/account").text


def test_neither_key_nor_codes_can_be_read_in_the_database(session: Any) -> None:
    user = make_coordinator()
    codes = with_second_factor(user)
    key = second_factor.key_of(user)
    assert key is not None
    assert user.totp_secret is not None
    assert key not in user.totp_secret
    kept = {one.code_hash for one in db.session.query(RecoveryCode)}
    assert len(kept) == 10
    assert not kept & {code.replace("-", "") for code in codes} | kept & set(codes)


def test_key_sealed_with_another_secret_opens_nothing_and_breaks_nothing(
    client: PageClient,
) -> None:
    user = made_safe()
    code = code_of(user)
    sealing.use_key("another secret")
    try:
        show_password(client, user)
        assert show_code(client, code).status == 422
    finally:
        sealing.use_key(str(client.app.config["SECRET_KEY"]))
    show_password(client, user)
    assert show_code(client, code).status == 303


def test_key_and_paper_stay_good_while_the_secret_is_exchanged(session: Any) -> None:
    user = make_coordinator()
    codes = with_second_factor(user)
    old = "a key that only tests use"
    sealing.use_key("another secret", old)
    try:
        second_factor.check(user, code_of(user), inside=False)
        second_factor.check(user, codes[0], inside=False)
        later = make_coordinator()
        with_second_factor(later)
        sealing.use_key("another secret")
        assert second_factor.key_of(later) is not None
        assert second_factor.key_of(user) is None
    finally:
        sealing.use_key(old)


def test_operator_resets_it_where_nobody_else_could(app: Any, session: Any) -> None:
    user = made_safe()
    theirs = open_session(user)
    done = app.test_cli_runner().invoke(args=["reset-second-factor", user.username])
    assert done.exit_code == 0, done.output
    db.session.refresh(user)
    db.session.refresh(theirs)
    assert (user.totp_secret, theirs.ended_why) == (None, "keeper")
    event = db.session.query(Event).filter_by(action="second_factor_reset").one()
    assert (event.actor_id, event.object_id) == (None, user.id)


def test_key_that_was_not_confirmed_is_not_asked_for(client: PageClient) -> None:
    user = make_coordinator()
    second_factor.begin(user)
    assert show_password(client, user).location == "/"
    assert is_in(client)


@pytest.mark.parametrize("code", ["000000", "", "12345", "abcdef", "1" * 21, "１２３４５６"])
def test_wrong_first_code_is_refused_and_the_key_stays(client: PageClient, code: str) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    client.post("/account/second-factor/begin")
    key = second_factor.key_of(user)
    page = client.submit(client.get(SETTING_UP), CONFIRM, password=PASSWORD, code=code)
    assert page.status == 422
    assert page.texts("#code-error")
    assert (user.totp_since, user.failed_logins) == (None, 0)
    assert page.texts("#key-text")[0].replace(" ", "") == key


def test_confirming_without_a_key_is_refused(client: PageClient) -> None:
    client.login(make_coordinator(), PASSWORD)
    sent = {"code": "123456", "password": PASSWORD}
    assert client.post("/account/second-factor/confirm", sent).status == 409


def test_key_is_not_exchanged_while_it_counts(client: PageClient) -> None:
    user = made_safe()
    before = user.totp_secret
    show_password(client, user)
    show_code(client, code_of(user))
    assert client.post("/account/second-factor/begin").status == 409
    assert user.totp_secret == before
    assert client.get(SETTING_UP).select("img.qr, #key-text") == []


# Logging in.


def test_password_alone_opens_nothing(client: PageClient) -> None:
    user = made_safe()
    page = show_password(client, user, "/tasks")
    assert page.location == "/login/code?next=/tasks"
    assert not is_in(client)
    assert client.post("/account/sessions/end-others").location == "/login"
    assert "log_in" not in actions_about(user)
    assert user.last_login_at is None
    shown = client.get(page.location)
    done = client.submit(shown, "main form", code=code_of(user))
    assert (done.status, done.location) == (303, "/tasks")
    assert is_in(client)
    assert actions_about(user)[-1] == "log_in"


@pytest.mark.parametrize(
    ("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_code_of_the_step_before_and_after_is_accepted(
    client: PageClient, steps: int, accepted: bool
) -> None:
    with time_machine.travel(clock.now(), tick=False):
        user = made_safe()
        show_password(client, user)
        page = show_code(client, code_of(user, steps=steps))
    assert (page.status == 303) is accepted


def test_code_may_be_typed_with_blanks(client: PageClient) -> None:
    user = made_safe()
    show_password(client, user)
    code = code_of(user)
    assert show_code(client, f" {code[:3]} {code[3:]} ").status == 303


def test_code_is_accepted_once(client: PageClient, new_client: Callable[[], PageClient]) -> None:
    with time_machine.travel(clock.now(), tick=False):
        user = made_safe()
        code, before = code_of(user), code_of(user, steps=-1)
        show_password(client, user)
        assert show_code(client, code).status == 303
        thief = new_client()
        show_password(thief, user)
        for stolen in (code, before):
            page = show_code(thief, stolen)
            assert page.status == 422
            assert "已经用过" in page.texts("#code-error")[0]
        assert show_code(thief, code_of(user, steps=1)).status == 303


def test_first_code_of_setting_up_is_not_good_for_logging_in(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    with time_machine.travel(clock.now(), tick=False):
        user = make_coordinator()
        second_factor.begin(user)
        code = code_of(user)
        second_factor.confirm(user, code)
        show_password(client, user)
        assert show_code(client, code).status == 422


def test_shifted_demonstration_does_not_shift_the_codes(client: PageClient) -> None:
    clock.set_offset(-2000)
    try:
        user = made_safe()
        show_password(client, user)
        assert show_code(client, code_of(user)).status == 303
    finally:
        clock.set_offset(0)


@pytest.mark.parametrize(("seconds", "status"), [(299, 303), (301, 303)])
def test_password_counts_for_five_minutes(client: PageClient, seconds: int, status: int) -> None:
    user = made_safe()
    start = clock.now().replace(microsecond=0)
    with time_machine.travel(start, tick=False) as traveller:
        show_password(client, user)
        page = client.get("/login/code")
        traveller.shift(timedelta(seconds=seconds))
        done = client.submit(page, "main form", code=code_of(user))
        assert done.status == status
        assert is_in(client) is (seconds < 300)
        assert (done.location == "/login") is (seconds > 300)


def test_page_for_the_code_does_not_exist_for_those_who_showed_no_password(
    client: PageClient,
) -> None:
    assert client.get("/login/code").location == "/login"
    assert client.post("/login/code", {"code": "123456"}).location == "/login"


def test_code_of_somebody_else_is_refused(client: PageClient) -> None:
    user, other = made_safe(), made_safe()
    show_password(client, user)
    assert show_code(client, code_of(other)).status == 422


def test_wrong_codes_lock_the_account_and_right_passwords_between_do_not_help(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user = made_safe()
    at_work = open_session(user)
    for _ in range(accounts.FAILURES_BEFORE_LOCK - 1):
        browser = new_client()
        show_password(browser, user)
        assert show_code(browser, "000000").status == 422
    show_password(client, user)
    page = show_code(client, "000000")
    assert (page.status, page.location) == (303, "/login")
    assert accounts.is_locked(user)
    assert actions_about(user)[-2:] == ["code_refused", "locked"]
    assert "暂时锁定" in client.get("/login").text
    assert show_password(new_client(), user).status == 422
    assert at_work.ended_at is None


def test_code_is_refused_while_the_account_is_locked_or_closed(session: Any) -> None:
    for change in ({"locked_until": clock.now() + timedelta(minutes=5)}, {"is_active": False}):
        user = made_safe()
        for name, value in change.items():
            setattr(user, name, value)
        db.session.flush()
        with pytest.raises(Rejected):
            second_factor.check(user, code_of(user), inside=False)
        assert user.failed_logins == 0


# Paper.


def test_recovery_code_stands_in_once(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user = make_coordinator()
    first, second, *_ = with_second_factor(user)
    show_password(client, user)
    assert show_code(client, f" {first.lower()} ").status == 303
    assert actions_about(user)[-2:] == ["recovery_code", "log_in"]
    assert "剩余恢复码 9 个" in client.get("/account").text
    other = new_client()
    show_password(other, user)
    assert show_code(other, first).status == 422
    assert show_code(other, second.replace("-", "")).status == 303


def test_recovery_code_of_somebody_else_is_refused(client: PageClient) -> None:
    user, other = make_coordinator(), make_coordinator()
    with_second_factor(user)
    show_password(client, user)
    assert show_code(client, with_second_factor(other)[0]).status == 422


def test_renewing_makes_the_old_codes_worthless(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user = make_coordinator()
    old = with_second_factor(user)
    show_password(client, user)
    show_code(client, old[0])
    refused = client.submit(client.get(SETTING_UP), "main form", code="000000")
    assert refused.status == 422
    shown = client.submit(client.get(SETTING_UP), "main form", code=code_of(user))
    new = shown.texts(".recovery-codes li")
    assert len(new) == 10
    other = new_client()
    show_password(other, user)
    assert show_code(other, old[1]).status == 422
    assert show_code(other, new[0]).status == 303


# Turning off, and resetting.


def inside(client: PageClient, user: User) -> PageClient:
    show_password(client, user)
    show_code(client, code_of(user))
    user.totp_last_step = 0
    db.session.flush()
    return client


def test_owner_turns_it_off_with_a_code(client: PageClient) -> None:
    user = made_safe()
    inside(client, user)
    off = "/account/second-factor/off"
    assert client.post(off, {"code": "000000"}).status == 422
    assert user.totp_since is not None
    assert client.post(off, {"code": code_of(user)}).location == "/account"
    assert (user.totp_since, user.totp_secret) == (None, None)
    assert db.session.query(RecoveryCode).count() == 0
    assert actions_about(user)[-1] == "second_factor_off"


def test_owner_does_not_turn_off_what_is_demanded(client: PageClient) -> None:
    user = made_safe()
    demand_second_factor(Role.BASE_COORDINATOR)
    inside(client, user)
    page = client.get(SETTING_UP)
    assert page.select("[formaction]") == []
    assert "必须使用两步验证" in page.text
    assert client.post("/account/second-factor/off", {"code": code_of(user)}).status == 403
    assert user.totp_since is not None


def test_guessing_codes_inside_a_session_ends_it(client: PageClient) -> None:
    user = made_safe()
    inside(client, user)
    for _ in range(accounts.FAILURES_BEFORE_LOCK):
        client.post("/account/second-factor/codes", {"code": "000000"})
    assert not is_in(client)
    assert accounts.is_locked(user)


def test_security_administrator_resets_what_was_lost(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, keeper, theirs = made_safe(), make_security_administrator(), new_client()
    inside(theirs, user)
    client.login(keeper, PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    assert client.submit(page, "#second-factor form").status == 303
    assert (user.totp_since, user.totp_secret) == (None, None)
    assert not is_in(theirs)
    event = db.session.query(Event).filter_by(action="second_factor_reset").one()
    assert (event.actor_id, event.object_id) == (keeper.id, user.id)
    assert client.get(f"/admin/users/{user.id}").select("#second-factor form") == []
    assert client.post(f"/admin/users/{user.id}/second-factor/reset").status == 409
    assert show_password(theirs, user).location == "/"


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (make_centre_reviewer, 403),
        (make_administrator, 404),
        (make_auditor, 404),
        (make_coordinator, 404),
    ],
)
def test_nobody_else_resets_it(client: PageClient, make: Callable[[], User], status: int) -> None:
    user = made_safe()
    client.login(make(), PASSWORD)
    assert client.post(f"/admin/users/{user.id}/second-factor/reset").status == status
    assert user.totp_since is not None


def test_nobody_resets_their_own(client: PageClient) -> None:
    keeper = make_security_administrator()
    with_second_factor(keeper)
    inside(client, keeper)
    page = client.get(f"/admin/users/{keeper.id}")
    assert page.select("form[action$='/second-factor/reset']") == []
    assert client.post(f"/admin/users/{keeper.id}/second-factor/reset").status == 403
    assert keeper.totp_since is not None


# What is demanded of whom.


def test_security_administrator_demands_it_of_roles(client: PageClient) -> None:
    keeper = make_security_administrator()
    make_security_administrator()
    make_auditor()
    client.login(keeper, PASSWORD)
    keeper.totp_since = clock.now()
    page = client.get("/admin/security")
    chosen = ["auditor", "security_administrator"]
    assert client.submit(page, "main form", roles=chosen).location == "/admin/security"
    setting = db.session.query(Setting).one()
    assert (set(setting.value), setting.changed_by_id) == (set(chosen), keeper.id)
    event = db.session.query(Event).filter_by(action="second_factor_demanded").one()
    assert event.details == [["角色", "无 → 安全管理员、审计员"]]
    shown = client.get("/admin/security")
    ticked = {box["value"] for box in shown.select("input[type=checkbox][checked]")}
    assert ticked == set(chosen)
    assert shown.texts("#without tbody tr") == ["安全管理员1", "审计员1"]
    client.submit(shown, "main form")
    assert db.session.query(Event).filter_by(action="second_factor_demanded").count() == 1
    client.submit(client.get("/admin/security"), "main form", roles=[])
    assert db.session.query(Setting).one().value == []


def test_unknown_role_is_refused(client: PageClient) -> None:
    client.login(make_security_administrator(), PASSWORD)
    page = client.submit(client.get("/admin/security"), "main form", roles=["emperor"])
    assert page.status == 422
    assert db.session.query(Setting).count() == 0


@pytest.mark.parametrize("make", [make_administrator, make_auditor, make_centre_reviewer])
def test_nobody_else_has_the_page_or_the_right(
    client: PageClient, make: Callable[[], User]
) -> None:
    viewer = make()
    client.login(viewer, PASSWORD)
    assert client.get("/admin/security").status == 404
    assert client.post("/admin/security", {"roles": "auditor"}).status == 404
    with pytest.raises(Forbidden):
        second_factor.demand_of([Role.AUDITOR], actor=viewer)


def test_whoever_owes_it_sets_it_up_before_anything_else(client: PageClient) -> None:
    user = make_coordinator()
    demand_second_factor(Role.BASE_COORDINATOR)
    client.login(user, PASSWORD)
    for address in ("/", "/pairings", "/account", "/admin/users"):
        assert client.get(address).location == SETTING_UP
    assert client.get("/pairings", htmx=True).headers["HX-Redirect"] == SETTING_UP
    assert client.post("/account/sessions/end-others").location == SETTING_UP
    page = client.get(SETTING_UP)
    assert "必须使用两步验证" in page.text
    client.submit(page, 'form[action="/account/second-factor/begin"]')
    client.submit(client.get(SETTING_UP), CONFIRM, password=PASSWORD, code=code_of(user))
    assert is_in(client)


def test_whoever_owes_it_may_log_out_or_change_the_password_instead(client: PageClient) -> None:
    demand_second_factor(Role.BASE_COORDINATOR)
    client.login(make_coordinator(), PASSWORD)
    page = client.get("/account/password")
    new = "Xin-de-mima-77"
    assert client.submit(page, "main form", current=PASSWORD, new=new, again=new).status == 303
    assert client.get("/pairings").location == SETTING_UP
    assert client.post("/logout").location == "/login"


def test_initial_password_comes_before_the_second_factor(client: PageClient) -> None:
    demand_second_factor(Role.BASE_COORDINATOR)
    client.login(make_issued_user(), INITIAL_PASSWORD)
    assert client.get(SETTING_UP).location == "/account/password"


def test_demand_binds_from_the_next_request_on(client: PageClient) -> None:
    client.login(make_coordinator(), PASSWORD)
    assert is_in(client)
    demand_second_factor(Role.BASE_COORDINATOR)
    assert client.get("/pairings").location == SETTING_UP


def test_whoever_set_it_up_in_one_browser_is_let_in_by_another(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, other = make_coordinator(), new_client()
    demand_second_factor(Role.BASE_COORDINATOR)
    client.login(user, PASSWORD)
    other.login(user, PASSWORD)
    user.totp_since = clock.now()
    assert is_in(other), "it owes nothing any more"


def test_setting_it_up_ends_the_other_sessions(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    user, other = make_coordinator(), new_client()
    other.login(user, PASSWORD)
    client.login(user, PASSWORD)
    client.post("/account/second-factor/begin")
    page = client.get(SETTING_UP)
    assert client.submit(page, CONFIRM, password=PASSWORD, code=code_of(user)).status == 200
    assert (is_in(client), is_in(other)) == (True, False)


def test_setting_it_up_asks_the_password_and_counts_wrong_ones(client: PageClient) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    client.post("/account/second-factor/begin")
    page = client.get(SETTING_UP)
    for _ in range(accounts.FAILURES_BEFORE_LOCK):
        refused = client.submit(page, CONFIRM, password="Cuowu-2020", code=code_of(user))
        assert refused.texts("#password-error")
    assert user.totp_since is None
    assert accounts.is_locked(user)
    assert not is_in(client)


@pytest.mark.parametrize(
    "happen",
    [
        lambda user: users.reset_password(user, actor=make_security_administrator()),
        lambda user: (
            open_session(user),
            sessions.put_out(user, actor=make_security_administrator()),
        ),
    ],
    ids=["password", "put-out"],
)
def test_password_shown_before_a_reset_opens_nothing_after_it(
    client: PageClient, happen: Callable[[User], Any]
) -> None:
    user = made_safe()
    show_password(client, user)
    happen(user)
    assert client.get("/login/code").location == "/login"
    assert client.post("/login/code", {"code": code_of(user)}).location == "/login"
    assert not is_in(client)


def test_demand_of_one_role_leaves_the_others_alone(client: PageClient) -> None:
    demand_second_factor(Role.AUDITOR)
    client.login(make_coordinator(), PASSWORD)
    assert is_in(client)
