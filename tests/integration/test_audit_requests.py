"""What a request leaves in the audit log: a change, a refusal, something taken out, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from werkzeug.wrappers import Response

from portal import clock
from portal.audit.verify import verify
from portal.extensions import db
from portal.models import AuditEntry, AuditKind, AuditResult, Event, Role
from portal.services.accounts import FAILURES_BEFORE_LOCK
from portal.web.audit import downloads
from tests.factories import PASSWORD, Scene, make_scene, make_user
from tests.factories.accounts import make_security_administrator
from tests.factories.audit import entries, last_entry
from tests.factories.evidence import evidence_in
from tests.factories.plans import plan_in_force
from tests.factories.sessions import with_second_factor
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Any:
    task = make_task(plan_in_force(scene.pairing, scene))
    db.session.commit()
    return task


def of_requests() -> list[AuditEntry]:
    """The entries that requests left: those of the test's own commits are the operator's."""
    return [one for one in entries() if one.kind is not AuditKind.COMMAND]


def only_entry_of(client: PageClient, action: Any) -> AuditEntry:
    """Return the one entry that ``action`` leaves."""
    db.session.commit()
    known = len(of_requests())
    action()
    found = of_requests()[known:]
    assert len(found) == 1, [one.title for one in found]
    return found[0]


def none_left_by(action: Any) -> bool:
    db.session.commit()
    known = len(of_requests())
    action()
    return len(of_requests()) == known


# Coming and going.


def test_log_in_and_log_out_are_told_with_who_and_from_where(
    client: PageClient, scene: Scene
) -> None:
    entry = only_entry_of(client, lambda: client.login(scene.centre, PASSWORD))
    assert (entry.kind, entry.result, entry.title) == (AuditKind.LOG_IN, AuditResult.DONE, "登录")
    assert (entry.actor_id, entry.actor_name) == (scene.centre.id, scene.centre.name)
    assert (entry.actor_role, entry.actor_org) == (
        "centre_reviewer",
        scene.centre.organisation_name,
    )
    assert (entry.address, entry.method, entry.path) == ("127.0.0.1", "POST", "/login")
    left = only_entry_of(client, lambda: client.post("/logout"))
    assert (left.kind, left.title, left.actor_id) == (
        AuditKind.LOG_IN,
        "退出登录",
        scene.centre.id,
    )


@pytest.mark.parametrize("known", [True, False])
def test_failed_log_in_tells_the_account_that_was_tried_and_nothing_else_that_was_typed(
    client: PageClient, scene: Scene, known: bool
) -> None:
    tried = scene.centre.username if known else "Geheim-2020-mima"

    def guess() -> None:
        client.post("/login", {"username": tried, "password": "Guess-2020-mima"})

    entry = only_entry_of(client, guess)
    assert (entry.kind, entry.result) == (AuditKind.REFUSAL, AuditResult.REFUSED)
    name = tried if known else "访客（用户名未知）"
    assert (entry.actor_id, entry.actor_name) == (None, name)
    assert "-2020-mima" not in entry.sealed


def test_lock_is_told_by_the_failure_that_brought_it(client: PageClient, scene: Scene) -> None:
    def guess() -> None:
        client.post("/login", {"username": scene.centre.username, "password": "wrong"})

    for _ in range(FAILURES_BEFORE_LOCK):
        guess()
    entry = of_requests()[-1]
    assert entry.kind is AuditKind.REFUSAL
    assert "账号已锁定" in entry.title
    assert (entry.object_type, entry.object_id) == ("user", scene.centre.id)


# Changes.


def note(client: PageClient, task: Any, **fields: str) -> Any:
    data = {"progress": "30", "body": "已召开启动会。", **fields}
    return client.post(f"/tasks/{task.id}/notes", data)


def test_change_is_told_by_its_events_and_tied_to_them(
    client: PageClient, scene: Scene, task: Any
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    answers: list[Any] = []
    entry = only_entry_of(client, lambda: answers.append(note(client, task)))
    assert answers[0].status == 303, answers[0].text
    assert (entry.kind, entry.result, entry.status) == (AuditKind.CHANGE, AuditResult.DONE, 303)
    assert (entry.object_type, entry.object_id) == ("task", task.id)
    assert entry.pairing_id == scene.pairing_id
    assert entry.actor_id == scene.supported_coordinator.id
    events = db.session.scalars(sa.select(Event).filter_by(audit_uid=entry.uid)).all()
    assert entry.title == "、".join(dict.fromkeys(one.title for one in events))
    assert ["tasks.progress", 0, 30] in [one for event in events for one in event.changes or []]
    verify(db.session())


def test_secret_is_told_as_changed_and_never_shown(client: PageClient, scene: Scene) -> None:
    client.login(make_security_administrator(), PASSWORD)
    user = make_user(Role.EXPERT)
    client.post(f"/admin/users/{user.id}/password")
    event = db.session.scalars(
        sa.select(Event).filter_by(object_type="user", action="password_reset")
    ).one()
    assert ["users.password_hash", "***", "***"] in (event.changes or [])
    assert user.password_hash not in str([one.sealed for one in entries()])


def test_same_form_sent_twice_leaves_one_entry(client: PageClient, scene: Scene, task: Any) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    only_entry_of(client, lambda: note(client, task, _once="one key"))
    assert none_left_by(lambda: note(client, task, _once="one key"))


def test_typing_mistake_is_no_refusal(client: PageClient, scene: Scene, task: Any) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    assert none_left_by(lambda: note(client, task, body=""))


def test_reading_leaves_nothing(client: PageClient, scene: Scene, task: Any) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    assert none_left_by(lambda: client.get(f"/tasks/{task.id}"))
    assert none_left_by(lambda: client.get("/no-such-page"))


# Refusals.


def test_page_that_may_not_be_seen_is_recorded_for_whoever_asked(
    client: PageClient, scene: Scene, task: Any
) -> None:
    client.login(scene.foreign_coordinator, PASSWORD)
    entry = only_entry_of(client, lambda: client.get(f"/tasks/{task.id}"))
    assert (entry.kind, entry.status, entry.method) == (AuditKind.REFUSAL, 404, "GET")
    assert (entry.object_type, entry.object_id) == ("task", task.id)
    assert entry.actor_id == scene.foreign_coordinator.id
    assert entry.pairing_id is None


def test_forbidden_page_is_recorded_with_the_sentence_that_was_said(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.centre, PASSWORD)
    address = f"/pairings/{scene.pairing_id}/group"
    entry = only_entry_of(client, lambda: client.get(address))
    assert (entry.kind, entry.status, entry.path) == (AuditKind.REFUSAL, 403, address)
    assert "只有结对双方" in entry.title
    assert entry.pairing_id == scene.pairing_id


def test_step_that_is_not_open_is_recorded_and_nothing_else_changes(
    client: PageClient, scene: Scene
) -> None:
    client.login(make_security_administrator(), PASSWORD)
    user = make_user(Role.EXPERT)
    entry = only_entry_of(client, lambda: client.post(f"/admin/users/{user.id}/enable"))
    assert (entry.kind, entry.status) == (AuditKind.REFUSAL, 409)
    assert "没有停用" in entry.title
    assert entry.changes == []


def test_forged_form_is_recorded(client: PageClient, scene: Scene, task: Any) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    entry = only_entry_of(client, lambda: note(client, task, csrf_token="forged"))
    assert (entry.kind, entry.status) == (AuditKind.REFUSAL, 400)
    assert entry.actor_id == scene.supported_coordinator.id


@pytest.mark.parametrize(("limit", "status"), [(None, 400), (10, 413)])
def test_form_refused_before_its_pairing_was_loaded_claims_no_pairing(
    client: PageClient,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    limit: int | None,
    status: int,
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    if limit:
        monkeypatch.setitem(client.app.config, "MAX_CONTENT_LENGTH", limit)
    forged = {"csrf_token": "forged", "note": "长" * 20}
    entry = only_entry_of(client, lambda: client.post("/pairings/999999/plan", forged))
    assert (entry.status, entry.pairing_id, entry.object_id) == (status, None, 999999)


def test_refusal_that_cannot_be_recorded_is_answered_all_the_same(
    client: PageClient, scene: Scene, task: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    db.session.commit()
    db.session.connection().execute(sa.text("DROP TABLE audit_entries"))
    db.session.commit()
    answer = note(client, task, csrf_token="forged")
    assert answer.status == 400
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "refusal not recorded" in caplog.text


def test_too_large_a_body_is_recorded(
    client: PageClient, scene: Scene, task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.app.config, "MAX_CONTENT_LENGTH", 1000)
    client.login(scene.supported_coordinator, PASSWORD)
    entry = only_entry_of(client, lambda: note(client, task, body="长" * 2000))
    assert (entry.kind, entry.status) == (AuditKind.REFUSAL, 413)


def test_stranger_who_is_led_to_the_log_in_leaves_nothing(client: PageClient, task: Any) -> None:
    assert none_left_by(lambda: client.get(f"/tasks/{task.id}"))


# Taking out.


def test_file_that_is_opened_is_recorded_by_its_name(client: PageClient, scene: Scene) -> None:
    file = evidence_in(scene.pairing, by=scene.supported_coordinator, name="会议通知.pdf").file
    client.login(scene.centre, PASSWORD)
    entry = only_entry_of(client, lambda: client.get(f"/files/{file.id}"))
    assert (entry.kind, entry.title) == (AuditKind.DOWNLOAD, "查看文件：会议通知.pdf")
    assert (entry.object_type, entry.object_id) == ("file", file.id)
    saved = only_entry_of(client, lambda: client.get(f"/files/{file.id}?download=1"))
    assert saved.title == "下载文件：会议通知.pdf"


def test_pieces_of_a_file_count_once_but_none_is_had_unrecorded(
    client: PageClient, scene: Scene
) -> None:
    file = evidence_in(scene.pairing, by=scene.supported_coordinator).file
    client.login(scene.centre, PASSWORD)

    def piece(wanted: str) -> Any:
        answer = client.get(f"/files/{file.id}", headers={"Range": wanted})
        assert answer.status == 206
        return answer

    # Whoever begins behind the first byte has been recorded all the same.
    only_entry_of(client, lambda: piece("bytes=1-"))
    assert none_left_by(lambda: piece("bytes=5-9"))
    only_entry_of(client, lambda: piece("bytes=0-9"))


def test_pieces_that_the_proxy_sends_count_once_for_ten_minutes(
    client: PageClient, scene: Scene
) -> None:
    app = client.app
    file = evidence_in(scene.pairing, by=scene.supported_coordinator).file
    client.login(scene.centre, PASSWORD)

    @downloads
    def handed_over(file_id: int) -> Response:
        """Point at the file, as with X-Accel-Redirect: the whole has the status 200."""
        return Response(headers={"X-Accel-Redirect": f"/_files/{file_id}"})

    def piece(wanted: str) -> None:
        view = app.view_functions["files.show_file"]
        app.view_functions["files.show_file"] = handed_over
        try:
            client.get(f"/files/{file.id}", headers={"Range": wanted})
        finally:
            app.view_functions["files.show_file"] = view

    with time_machine.travel(clock.now(), tick=False) as time:
        only_entry_of(client, lambda: piece("bytes=0-"))
        assert none_left_by(lambda: piece("bytes=5-9"))
        time.shift(601)
        only_entry_of(client, lambda: piece("bytes=5-9"))


def test_unchanged_file_and_mere_headers_are_not_taken(client: PageClient, scene: Scene) -> None:
    file = evidence_in(scene.pairing, by=scene.supported_coordinator).file
    client.login(scene.centre, PASSWORD)
    tag = client.get(f"/files/{file.id}").headers["ETag"]
    kept = {"If-None-Match": tag}
    assert none_left_by(lambda: client.get(f"/files/{file.id}", headers=kept))
    assert none_left_by(lambda: client._open(f"/files/{file.id}", method="HEAD"))


def test_file_that_may_not_be_opened_is_a_refusal(client: PageClient, scene: Scene) -> None:
    file = evidence_in(scene.pairing, by=scene.supported_coordinator).file
    client.login(scene.foreign_coordinator, PASSWORD)
    entry = only_entry_of(client, lambda: client.get(f"/files/{file.id}"))
    assert (entry.kind, entry.object_id) == (AuditKind.REFUSAL, file.id)


def test_export_says_what_was_asked_for(client: PageClient, scene: Scene, task: Any) -> None:
    client.login(scene.centre, PASSWORD)
    entry = only_entry_of(client, lambda: client.get("/tasks.xlsx?state=closed&q=制度"))
    assert entry.kind is AuditKind.EXPORT
    assert entry.title.startswith("导出：任务台账")
    told = entry.changes[0]["fields"]
    assert ["state", None, "closed"] in told
    assert ["q", None, "制度"] in told


# What it costs.


def test_change_costs_one_statement_and_so_does_a_download_and_reading_none(
    client: PageClient, scene: Scene, task: Any
) -> None:
    file = evidence_in(scene.pairing, by=scene.supported_coordinator).file
    client.login(scene.supported_coordinator, PASSWORD)

    def spent(action: Any) -> tuple[int, int]:
        with count_queries() as queries:
            action()
        mine = queries.touching("audit_entries") + queries.touching("audit_head")
        return len(set(mine)), len(queries)

    assert spent(lambda: note(client, task))[0] == 1
    recorded, everything = spent(lambda: client.get(f"/files/{file.id}"))
    assert recorded == 1
    assert everything <= 4
    assert spent(lambda: client.get(f"/tasks/{task.id}"))[0] == 0


def test_refusal_costs_one_statement_and_nothing_is_read_again_for_it(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.centre, PASSWORD)
    with count_queries() as queries:
        client.get(f"/pairings/{scene.pairing_id}/group")
    assert queries.texts[-1].startswith(("INSERT INTO audit_entries", "WITH moved AS"))
    assert len(queries.touching("audit_entries")) == 1
    assert last_entry().kind is AuditKind.REFUSAL


# What is no success though it is answered with a redirect, and who is no person.


def test_code_that_locks_and_guesses_while_locked_are_refusals(
    client: PageClient, scene: Scene
) -> None:
    user = scene.supported_coordinator
    with_second_factor(user)
    db.session.commit()

    def guess() -> None:
        client.submit(client.get("/login/code"), "main form", code="000000")

    client.login(user, PASSWORD)
    page = client.get("/login/code")
    for _ in range(FAILURES_BEFORE_LOCK - 1):
        guess()
    for title in ("两步验证码错误、账号已锁定", "账号锁定期间输入验证码"):
        entry = only_entry_of(client, lambda: client.submit(page, "main form", code="000000"))
        assert (entry.kind, entry.result) == (AuditKind.REFUSAL, AuditResult.REFUSED)
        assert (entry.title, entry.status) == (title, 303)
        assert (entry.object_type, entry.object_id) == ("user", user.id)


def test_stranger_who_forges_forms_or_sends_too_much_leaves_nothing(
    client: PageClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = {"csrf_token": "forged", "username": scene.centre.username, "password": "x"}
    assert none_left_by(lambda: client.post("/login", forged))
    monkeypatch.setitem(client.app.config, "MAX_CONTENT_LENGTH", 10)
    assert none_left_by(lambda: client.post("/login", forged))
