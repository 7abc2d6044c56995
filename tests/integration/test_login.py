"""Logging in and out, the first log-in, lock-out, and sessions that end."""

from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest
import time_machine

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Event, Role, User
from portal.services import accounts
from tests.factories import PASSWORD, make_scene
from tests.factories.accounts import (
    INITIAL_PASSWORD,
    make_administrator,
    make_auditor,
    make_disabled_user,
    make_issued_user,
    make_security_administrator,
)
from tests.factories.people import make_organisation, make_user
from tests.support.pages import Page, PageClient

NEW_PASSWORD = "Xin-de-mima-77"


def fail_to_log_in(client: PageClient, username: str, times: int = 1) -> Page:
    page = client.get("/login")
    for _ in range(times):
        page = client.submit(page, "main form", username=username, password="Cuowu-2020")
        assert page.status == 422
    return page


def make_coordinator() -> User:
    return make_user(Role.BASE_COORDINATOR, make_organisation())


def actions_about(user: User) -> list[str]:
    events = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    return [event.action for event in events.order_by(Event.id)]


def test_visitor_with_the_right_password_is_let_in_and_it_is_recorded(client: PageClient) -> None:
    user = make_coordinator()
    page = client.submit(
        client.get("/login"), "main form", username=user.username, password=PASSWORD
    )
    assert page.status == 303
    assert client.get("/pairings").status == 200
    assert user.last_login_at is not None
    assert actions_about(user) == ["log_in"]


def test_user_name_may_be_typed_in_capitals_and_with_spaces(client: PageClient) -> None:
    user = make_coordinator()
    client.login(f" {user.username.upper()} ", PASSWORD)
    assert client.get("/pairings").status == 200


def test_wrong_password_keeps_the_user_name_and_the_page_wanted(client: PageClient) -> None:
    user = make_coordinator()
    page = client.submit(
        client.get("/login?next=/pairings"), "main form", username=user.username, password="x"
    )
    assert page.status == 422
    assert page.one("#username")["value"] == user.username
    assert page.one("[name=next]")["value"] == "/pairings"
    assert not page.one("#password").get("value")


@pytest.mark.parametrize("name", ["", "   "])
def test_log_in_without_a_user_name_is_refused_beside_the_field(
    client: PageClient, name: str
) -> None:
    page = client.submit(client.get("/login"), "main form", username=name, password="x")
    assert page.status == 422
    assert page.texts("#username-error") == ["请填写用户名。"]


def refusal_of(username: str, password: str) -> str:
    with pytest.raises(Rejected) as refusal:
        accounts.check_password(username, password)
    return str(refusal.value.fields)


def test_unknown_locked_disabled_and_wrong_get_the_same_answer(session: object) -> None:
    known, locked = make_coordinator(), make_coordinator()
    locked.locked_until = clock.now() + timedelta(minutes=5)
    answers = {
        refusal_of("nobody-of-that-name", PASSWORD),
        refusal_of(known.username, "Cuowu-2020"),
        refusal_of(locked.username, PASSWORD),
        refusal_of(make_disabled_user().username, PASSWORD),
    }
    assert len(answers) == 1


def test_unknown_user_costs_as_much_time_as_a_wrong_password(session: object) -> None:
    """With the real cost of hashing, of which an unknown name must not be spared."""
    from portal import passwords

    passwords.use_cost("production")
    try:
        user = make_coordinator()
        user.password_hash = passwords.hash_password(PASSWORD)

        def seconds(username: str) -> float:
            before = perf_counter()
            refusal_of(username, "Cuowu-2020")
            return perf_counter() - before

        unknown = median(seconds("nobody-of-that-name") for _ in range(3))
        wrong = median(seconds(user.username) for _ in range(3))
    finally:
        passwords.use_cost("test")
    assert unknown > wrong / 3


def test_fifth_failure_locks_the_account_even_for_the_right_password(client: PageClient) -> None:
    user = make_coordinator()
    fail_to_log_in(client, user.username, times=4)
    assert not accounts.is_locked(user)
    fail_to_log_in(client, user.username)
    db.session.refresh(user)
    assert accounts.is_locked(user)
    page = client.submit(
        client.get("/login"), "main form", username=user.username, password=PASSWORD
    )
    assert page.status == 422
    assert actions_about(user) == ["log_in_failed"] * 5 + ["locked"]


def test_lock_ends_after_a_quarter_of_an_hour(client: PageClient) -> None:
    user = make_coordinator()
    fail_to_log_in(client, user.username, times=5)
    with time_machine.travel(clock.now() + timedelta(minutes=14)):
        assert accounts.is_locked(user)
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        client.login(user, PASSWORD)
        db.session.refresh(user)
        assert user.locked_until is None


def test_success_forgets_the_failures_before_it(client: PageClient) -> None:
    user = make_coordinator()
    fail_to_log_in(client, user.username, times=4)
    client.login(user, PASSWORD)
    client.logout()
    fail_to_log_in(client, user.username, times=4)
    db.session.refresh(user)
    assert not accounts.is_locked(user)


def test_disabled_account_cannot_log_in_and_its_session_ends(client: PageClient) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    user.is_active = False
    db.session.flush()
    assert client.get("/pairings").status == 302
    page = client.submit(
        client.get("/login"), "main form", username=user.username, password=PASSWORD
    )
    assert page.status == 422


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/pairings", "/pairings"),
        ("/pairings?page=2&q=%E6%96%87", "/pairings?page=2&q=%E6%96%87"),
        ("https://example.com/", "/"),
        ("//example.com/", "/"),
        ("///example.com/", "/"),
        ("/\\example.com", "/"),
        ("\\\\example.com", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/example.com", "/"),
        ("http:/example.com", "/"),
        ("//[", "/"),
        ("", "/"),
    ],
)
def test_log_in_never_leads_out_of_the_portal(client: PageClient, wanted: str, led_to: str) -> None:
    user = make_coordinator()
    page = client.post("/login", {"username": user.username, "password": PASSWORD, "next": wanted})
    assert page.status == 303
    assert page.location == led_to


def test_those_without_a_workbench_land_on_their_own_page(
    new_client: Callable[[], PageClient],
) -> None:
    assert new_client().login(make_administrator(), PASSWORD).location == "/admin/organisations"
    keeper = make_security_administrator()
    assert new_client().login(keeper, PASSWORD).location == "/admin/users"
    assert new_client().login(make_auditor(), PASSWORD).location == "/admin/audit"


def test_expired_session_leads_to_the_log_in_and_back_again(client: PageClient) -> None:
    scene = make_scene()
    address = f"/pairings/{scene.pairing_id}?x=1"
    asked = client.get(address)
    assert asked.status == 302
    shown = client.get(asked.location)
    page = client.submit(shown, "main form", username=scene.centre.username, password=PASSWORD)
    assert page.location == address


def test_form_sent_after_the_session_expired_leads_back_to_its_page(client: PageClient) -> None:
    scene = make_scene()
    address = f"/pairings/{scene.pairing_id}/group"
    sent = client.post(address, {}, headers={"Referer": f"http://localhost{address}"})
    assert sent.status == 302
    page = client.submit(
        client.get(sent.location),
        "main form",
        username=scene.supporting_coordinator.username,
        password=PASSWORD,
    )
    assert page.location == address


def test_form_from_elsewhere_leads_nowhere_in_particular(client: PageClient) -> None:
    sent = client.post("/logout", {}, headers={"Referer": "https://example.com/trap"})
    assert sent.location == "/login"


def test_htmx_request_of_a_logged_out_user_loads_the_log_in_as_a_whole_page(
    client: PageClient,
) -> None:
    shown = {"HX-Current-URL": "http://localhost/pairings?q=1"}
    page = client.get("/pairings", htmx=True, headers=shown)
    assert page.status == 204
    assert page.headers["HX-Redirect"] == "/login?next=/pairings?q%3D1"


def test_idle_session_ends(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(client.app.config, "IDLE_MINUTES", 60)
    start = clock.now()
    with time_machine.travel(start):
        client.login(make_coordinator(), PASSWORD)
    with time_machine.travel(start + timedelta(minutes=50)):
        assert client.get("/pairings").status == 200
    with time_machine.travel(start + timedelta(minutes=100)):
        assert client.get("/pairings").status == 200
    with time_machine.travel(start + timedelta(minutes=161)):
        assert client.get("/pairings").status == 302


def test_user_logs_out(client: PageClient) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    page = client.post("/logout")
    assert page.location == "/login"
    assert client.get("/pairings").status == 302
    assert actions_about(user) == ["log_in", "log_out"]


def test_logged_in_user_is_not_asked_to_log_in_again(client: PageClient) -> None:
    client.login(make_coordinator(), PASSWORD)
    assert client.get("/login?next=/pairings").location == "/pairings"


def test_issued_account_must_set_its_own_password_first(client: PageClient) -> None:
    user = make_issued_user()
    client.login(user, INITIAL_PASSWORD)
    assert client.get("/pairings").location == "/account/password"
    fragment = client.get("/pairings", htmx=True)
    assert fragment.headers["HX-Redirect"] == "/account/password"
    form = client.get("/account/password")
    assert "首次登录" in form.text
    done = client.submit(
        form, "main form", current=INITIAL_PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD
    )
    assert done.status == 303
    assert client.get("/pairings").status == 200


def test_issued_account_may_log_out_instead(client: PageClient) -> None:
    client.login(make_issued_user(), INITIAL_PASSWORD)
    assert client.post("/logout").location == "/login"


def test_changed_password_ends_the_other_sessions_but_not_this_one(
    new_client: Callable[[], PageClient],
) -> None:
    user = make_coordinator()
    here, elsewhere = new_client(), new_client()
    here.login(user, PASSWORD)
    elsewhere.login(user, PASSWORD)
    form = here.get("/account/password")
    here.submit(form, "main form", current=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert here.get("/pairings").status == 200
    assert elsewhere.get("/pairings").status == 302
    assert new_client().login(user, NEW_PASSWORD).status == 303


@pytest.mark.parametrize(
    ("current", "new", "again", "field", "says"),
    [
        ("Cuowu-2020", NEW_PASSWORD, NEW_PASSWORD, "current", "当前密码不正确"),
        (PASSWORD, NEW_PASSWORD, "Bie-de-mima-1", "again", "两次输入的新密码不一致"),
        (PASSWORD, PASSWORD, PASSWORD, "new", "不能与当前密码相同"),
        (PASSWORD, "Duan-1", "Duan-1", "new", "至少 10 位"),
        (PASSWORD, "quanbuxiaoxie", "quanbuxiaoxie", "new", "至少三种"),
        (PASSWORD, "Password@2020", "Password@2020", "new", "太常见"),
        (PASSWORD, "Coordinator-9", "Coordinator-9", "new", "不能包含用户名"),
        (PASSWORD, "", "", "new", "请填写新密码"),
        ("", NEW_PASSWORD, NEW_PASSWORD, "current", "请填写当前密码"),
    ],
)
def test_unfit_new_password_is_refused_beside_its_field(
    client: PageClient, current: str, new: str, again: str, field: str, says: str
) -> None:
    user = make_user(Role.BASE_COORDINATOR, make_organisation(), username="coordinator")
    client.login(user, PASSWORD)
    page = client.submit(
        client.get("/account/password"), "main form", current=current, new=new, again=again
    )
    assert page.status == 422
    assert says in page.texts(f"#{field}-error")[0]
    client.logout()
    client.login(user, PASSWORD)


def test_guessing_the_current_password_locks_the_account_and_ends_the_session(
    client: PageClient,
) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    for _ in range(5):
        page = client.post(
            "/account/password",
            {"current": "Cuowu-2020", "new": NEW_PASSWORD, "again": NEW_PASSWORD},
        )
        assert page.status == 422
    assert client.get("/pairings").status == 302
    db.session.refresh(user)
    assert accounts.is_locked(user)


@pytest.mark.parametrize("secret", ["", "x", "a" * 43, None])
def test_identity_without_the_secret_of_a_session_is_nobody(
    client: PageClient, secret: str | None
) -> None:
    user = make_coordinator()
    client.login(user, PASSWORD)
    with client.http.session_transaction() as cookie:
        assert cookie["_user_id"] == str(user.id)
        cookie["log_in"] = secret
    assert client.get("/pairings").status == 302


@pytest.mark.parametrize("identity", ["", "x", "0", "999999"])
def test_secret_of_a_session_is_good_for_its_own_account_alone(
    client: PageClient, identity: str
) -> None:
    client.login(make_coordinator(), PASSWORD)
    with client.http.session_transaction() as cookie:
        cookie["_user_id"] = identity
    assert client.get("/pairings").status == 302


@pytest.mark.parametrize("wanted", ["/logout", "/admin/users/1/password", "/nowhere"])
def test_log_in_leads_to_no_address_that_has_no_page(client: PageClient, wanted: str) -> None:
    user = make_user(Role.SECURITY_ADMINISTRATOR)
    answer = client.post(f"/login?next={wanted}", {"username": user.username, "password": PASSWORD})
    assert answer.location == "/admin/users"
