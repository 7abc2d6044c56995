"""What was typed when the log-in ran out comes back to whoever typed it, and to nobody else."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from portal import clock
from portal.extensions import db
from portal.models import (
    Event,
    Organisation,
    ParkedForm,
    ProgressNote,
    SubmittedForm,
    Task,
    User,
    UserSession,
)
from portal.services import parked_forms, second_factor, sessions
from portal.web.parking import readable
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.accounts import make_centre_reviewer
from tests.factories.plans import plan_in_force
from tests.factories.sessions import code_of, parked_form
from tests.factories.uploads import asking
from tests.support.pages import Page, PageClient

ADD = "/admin/organisations/new"
TYPED = {"name": "某县人民医院", "short_name": "某县医院", "kind": "hospital", "city": "某县"}
LONG_AGO = timedelta(days=3 * 366)


def run_out(user: User) -> None:
    """Let every session of ``user`` have been idle too long."""
    for one in db.session.query(UserSession).filter_by(user_id=user.id):
        one.seen_at -= LONG_AGO
    db.session.flush()


def log_in_again(client: PageClient, sent: Page, user: User) -> Page:
    """Go where ``sent`` leads, log in there as ``user`` and return where that leads."""
    target = sent.location or sent.headers["HX-Redirect"]
    page = client.get(target)
    done = client.submit(page, "main form", username=user.username, password=PASSWORD)
    return client.get(done.location)


def send_late(client: PageClient, user: User, **more: Any) -> Page:
    """Open the form, type, let the log-in run out, send."""
    client.login(user, PASSWORD)
    page = client.get(ADD)
    run_out(user)
    return client.submit(page, "main form", **TYPED, **more)


def made(name: str = TYPED["name"]) -> int:
    return db.session.query(Organisation).filter_by(name=name).count()


def test_typed_form_comes_back_after_the_log_in_and_goes_through(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    page = client.get(ADD)
    key = page.one("main form [name=_once]")["value"]
    run_out(user)
    sent = client.submit(page, "main form", **TYPED)
    assert sent.status == 302
    assert made() == 0
    assert "已经暂存" in client.get(sent.location).text
    back = log_in_again(client, sent, user)
    assert back.h1 == "继续提交登录超时前的内容"
    typed = dict(zip(back.texts(".typed dt"), back.texts(".typed dd"), strict=True))
    assert typed["名称"] == "某县人民医院"
    assert typed["所在市县"] == "某县"
    form = back.one("#send-again")
    assert form["action"] == ADD
    assert form.select_one("[name=_once]")["value"] == key
    assert len(form.select("[name=csrf_token]")) == len(form.select("[name=_once]")) == 1
    done = client.submit(back, "#send-again")
    assert (done.status, done.location, made()) == (303, "/admin/organisations", 1)
    assert db.session.query(ParkedForm).count() == 0
    assert db.session.query(SubmittedForm).filter_by(key=key).count() == 1
    again = client.submit(back, "#send-again")
    assert (again.status, made()) == (303, 1)


def test_form_sent_once_before_is_not_carried_out_again(client: PageClient) -> None:
    """The first sending went through, its answer was lost, the second came too late."""
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    page = client.get(ADD)
    client.submit(page, "main form", **TYPED)
    run_out(user)
    back = log_in_again(client, client.submit(page, "main form", **TYPED), user)
    assert client.submit(back, "#send-again").location == "/admin/organisations"
    assert made() == 1


def test_somebody_else_at_the_same_browser_sees_nothing_of_it(client: PageClient) -> None:
    user, other = make_centre_reviewer(), make_centre_reviewer()
    sent = send_late(client, user)
    landed = log_in_again(client, sent, other)
    assert landed.h1 == "工作台"
    address = parse_qs(urlsplit(sent.location).query)["next"][0]
    assert client.get(address).status == 404
    assert client.post(f"{address}/drop").status == 404
    assert db.session.query(ParkedForm).count() == 1
    client.post("/logout")
    client.login(user, PASSWORD)
    assert client.get(address).status == 200


def test_htmx_form_comes_back_as_a_whole_page(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    run_out(user)
    sent = client.post(
        ADD, TYPED, htmx=True, headers={"HX-Current-URL": f"http://localhost{ADD}?x=1"}
    )
    assert sent.status == 204
    back = log_in_again(client, sent, user)
    assert client.submit(back, "#send-again").location == "/admin/organisations"
    assert back.one("#send-again a")["href"] == f"{ADD}?x=1"
    assert made() == 1


def test_second_step_of_the_log_in_leads_there_as_well(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    second_factor.begin(user)
    user.totp_since = clock.now()
    run_out(user)
    sent = client.post(ADD, TYPED)
    page = client.submit(
        client.get(sent.location), "main form", username=user.username, password=PASSWORD
    )
    done = client.submit(client.get(page.location), "main form", code=code_of(user))
    assert client.get(done.location).h1 == "继续提交登录超时前的内容"


def make_working_task() -> tuple[Scene, Task]:
    scene = make_scene()
    task = plan_in_force(scene.pairing, scene).tasks[0]
    return scene, task


def test_files_must_be_chosen_again_and_the_page_says_so(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    run_out(user)
    files = [(BytesIO(b"%PDF-1.4"), "a.pdf"), (BytesIO(b"%PDF-1.4"), "b.pdf")]
    sent = client._open(
        ADD,
        method="POST",
        data={"csrf_token": client.csrf_token(), **TYPED, "files": files},
        content_type="multipart/form-data",
    )
    back = log_in_again(client, sent, user)
    assert "2 个文件没有暂存" in back.text
    form = back.one("#send-again")
    assert form["enctype"] == "multipart/form-data"
    assert [field["name"] for field in form.select("input[type=file]")] == ["files"]
    kept = db.session.query(ParkedForm).one()
    assert kept.files == 2
    assert ["files", None] in kept.fields


def test_refused_form_shows_its_faults_as_ever(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    page = client.get(ADD)
    run_out(user)
    sent = client.submit(page, "main form", **{**TYPED, "city": ""})
    back = log_in_again(client, sent, user)
    refused = client.submit(back, "#send-again")
    assert refused.status == 422
    assert refused.one("#name")["value"] == TYPED["name"]
    assert db.session.query(ParkedForm).count() == 1


def test_owner_drops_it(client: PageClient) -> None:
    user = make_centre_reviewer()
    back = log_in_again(client, send_late(client, user), user)
    done = client.submit(back, ".inline-action")
    assert (done.status, made(), db.session.query(ParkedForm).count()) == (303, 0, 0)
    assert client.get(back.path).status == 404


@pytest.mark.parametrize(("hours", "kept"), [(23.9, True), (24.1, False)])
def test_it_is_kept_for_a_day(client: PageClient, hours: float, kept: bool) -> None:
    user = make_centre_reviewer()
    start = clock.now()
    with time_machine.travel(start, tick=False):
        sent = send_late(client, user)
    with time_machine.travel(start + timedelta(hours=hours), tick=False):
        landed = log_in_again(client, sent, user)
        assert (landed.h1 == "继续提交登录超时前的内容") is kept
        assert db.session.query(ParkedForm).count() == int(kept)


# What is not kept.


def test_token_of_the_form_is_not_kept(client: PageClient) -> None:
    send_late(client, make_centre_reviewer())
    names = {name for name, _ in db.session.query(ParkedForm).one().fields}
    assert "csrf_token" not in names
    assert {"name", "_once"} <= names


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/account/password", {"current": PASSWORD, "new": "Xin-de-mima-77", "again": "x"}),
        ("/account/second-factor/off", {"code": "123456"}),
        ("/account/second-factor/confirm", {"code": "123456"}),
        ("/logout", {"anything": "typed"}),
    ],
)
def test_passwords_and_codes_are_never_kept(
    client: PageClient, address: str, fields: dict[str, str]
) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    run_out(user)
    assert client.post(address, fields).location.startswith("/login")
    assert db.session.query(ParkedForm).count() == 0


def test_form_of_one_button_leads_back_to_its_page_instead(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    run_out(user)
    sent = client.post(
        "/admin/users/1/enable", {"_once": "k"}, headers={"Referer": "http://localhost/admin/users"}
    )
    assert sent.location == "/login?next=/admin/users"
    assert db.session.query(ParkedForm).count() == 0


@pytest.mark.parametrize("token", ["", "forged", None])
def test_form_that_none_of_our_pages_sent_is_not_kept(
    client: PageClient, token: str | None
) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    run_out(user)
    data = {**TYPED, **({} if token is None else {"csrf_token": token})}
    sent = client._open(ADD, method="POST", data=data)
    assert sent.status == 302
    assert db.session.query(ParkedForm).count() == 0


def test_form_from_a_session_that_was_ended_is_not_kept(client: PageClient) -> None:
    """It may have been ended because a thief was in it."""
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    page = client.get(ADD)
    sessions.end_sessions(user, why="elsewhere")
    assert client.submit(page, "main form", **TYPED).location.startswith("/login")
    assert db.session.query(ParkedForm).count() == 0


def test_form_of_a_stranger_is_not_kept(client: PageClient) -> None:
    assert client.post(ADD, TYPED).location.startswith("/login")
    assert db.session.query(ParkedForm).count() == 0


def test_form_of_a_disabled_account_is_not_kept(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    user.is_active = False
    client.post(ADD, TYPED)
    assert db.session.query(ParkedForm).count() == 0


def test_what_is_no_form_is_not_kept(client: PageClient) -> None:
    user = make_centre_reviewer()
    client.login(user, PASSWORD)
    run_out(user)
    assert client._open(ADD, method="POST", json=TYPED).status == 302
    assert client.get(f"{ADD}?name=x").status == 302
    assert db.session.query(ParkedForm).count() == 0


@pytest.mark.parametrize(("length", "kept"), [(80_000, 1), (90_000, 0)])
def test_very_long_text_is_not_kept_and_that_is_said(
    client: PageClient, length: int, kept: int
) -> None:
    sent = send_late(client, make_centre_reviewer(), extra="长" * length)
    assert db.session.query(ParkedForm).count() == kept
    page = client.get(sent.location)
    assert ("内容太长" in page.text) is not bool(kept)
    assert ("已经暂存" in page.text) is bool(kept)


def test_only_so_many_are_kept_of_one_person(session: Any) -> None:
    user, other = make_centre_reviewer(), make_centre_reviewer()
    parked_form(other, name="别人的")
    for number in range(parked_forms.MOST + 5):
        parked_form(user, name=str(number))
    mine = db.session.query(ParkedForm).filter_by(user_id=user.id).order_by(ParkedForm.id)
    assert [one.fields[0][1] for one in mine] == [str(n) for n in range(5, parked_forms.MOST + 5)]
    assert db.session.query(ParkedForm).count() == parked_forms.MOST + 1


def test_parking_carries_nothing_out_and_is_recorded(client: PageClient) -> None:
    user = make_centre_reviewer()
    send_late(client, user)
    events = db.session.query(Event).filter_by(object_type="user", object_id=user.id)
    assert [event.action for event in events.order_by(Event.id)] == ["log_in", "form_parked"]
    assert made() == 0


def test_secret_of_the_address_is_not_in_the_database(client: PageClient) -> None:
    sent = send_late(client, make_centre_reviewer())
    secret = parse_qs(urlsplit(sent.location).query)["next"][0].rpartition("/")[2]
    assert len(secret) >= 43
    assert secret not in db.session.query(ParkedForm).one().token_hash


# What is shown.


def test_text_is_shown_under_the_labels_of_its_form(app: Any) -> None:
    with app.test_request_context():
        shown = readable(
            ADD,
            [["name", "某院"], ["_once", "k"], ["version", "3"], ["row", "17"], ["note", "旁注"]],
        )
    assert shown == [("名称", "某院"), ("row", "17"), ("内容", "旁注")]


def test_text_of_lines_is_shown_under_the_labels_of_the_lines(app: Any) -> None:
    with app.test_request_context():
        shown = readable("/pairings/1/group", [["members-0-name", "林一川"]])
    assert shown == [("姓名", "林一川")]


@pytest.mark.parametrize("path", ["/nowhere", "/tasks"])
def test_text_of_an_address_that_takes_no_form_is_shown_all_the_same(app: Any, path: str) -> None:
    with app.test_request_context():
        assert readable(path, [["name", "某院"], ["code", "x"]]) == [
            ("内容", "某院"),
            ("code", "x"),
        ]


def test_late_decision_about_an_upload_is_kept_though_its_view_begins_by_reading(
    client: PageClient,
) -> None:
    scene, task = make_working_task()
    user = scene.supported_coordinator
    upload = asking(task, by=user)
    client.login(user, PASSWORD)
    run_out(user)
    sent = client.post(f"/uploads/{upload.token}/answer", {"answer": "keep"})
    back = log_in_again(client, sent, user)
    assert back.texts(".typed dd") == ["keep"]


def test_long_note_of_a_task_comes_back_with_its_lines(client: PageClient) -> None:
    scene, task = make_working_task()
    user = scene.supported_coordinator
    client.login(user, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    run_out(user)
    note = '第一段\r\n\r\n第二段 <b>&"引号"'
    action = f'form[action="/tasks/{task.id}/notes"]'
    assert page.select(action), [form.get("action") for form in page.select("form")]
    back = log_in_again(client, client.submit(page, action, body=note, progress="30"), user)
    client.submit(back, "#send-again")
    kept = db.session.query(ProgressNote).one()
    assert kept.body.replace("\r\n", "\n") == note.replace("\r\n", "\n")
