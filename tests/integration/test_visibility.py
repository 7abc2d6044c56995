"""Every endpoint of the portal against every role: who sees, who may, who is told nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal import create_app
from portal.extensions import db
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.evidence import evidence_for
from tests.factories.plans import plan_in_force
from tests.factories.provinces import Ids, make_everything
from tests.factories.tasks import make_task
from tests.integration import visibility_table
from tests.support.pages import PageClient

TABLE = visibility_table.rows()
LEAD_TO_LOGIN = "/login"


def writing_and_reading(rule: Rule) -> Iterator[str]:
    methods = ("GET", "POST", "PATCH", "DELETE")
    yield from (method for method in methods if method in (rule.methods or ()))


def inventory(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in writing_and_reading(rule)
    }


# Endpoints of one address each, so that a row of the table is one request.
RULES: dict[str, Rule] = {
    rule.endpoint: rule for rule in create_app({"DATABASE_URL": "sqlite://"}).url_map.iter_rules()
}


def test_every_endpoint_has_its_row_in_the_table(app: Flask) -> None:
    here = inventory(app)
    assert sorted(here - set(TABLE)) == [], "not in tests/integration/visibility_table.py"
    assert sorted(set(TABLE) - here) == [], "no longer in the portal"


def test_only_uploads_take_other_methods(app: Flask) -> None:
    known = {"GET", "HEAD", "OPTIONS", "POST"}
    assert {r.endpoint for r in app.url_map.iter_rules() if set(r.methods or ()) - known} == {
        "uploads.end_by_phone",
        "uploads.end_upload",
        "uploads.send_part",
        "uploads.send_part_by_phone",
    }


@dataclass
class Answer:
    """What came back, and where it leads."""

    response: TestResponse

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.request.path

    @property
    def target(self) -> str:
        headers = self.response.headers
        return headers.get("Location", "") or headers.get("HX-Redirect", "")


def outcome(page: Answer) -> str:
    """The letter that describes an answer."""
    if page.status in (302, 303, 204):
        return "L" if page.target.startswith(LEAD_TO_LOGIN) else "R"
    return {200: "V", 403: "F", 404: "N"}.get(page.status, str(page.status))


def agrees(expected: str, method: str, page: Answer) -> bool:
    got = outcome(page)
    if expected == "P":
        return page.status == 200
    if expected == "A":
        # Logging out leads to the log-in, and that is what was asked for.
        asked = page.path == "/logout" and got == "L"
        return asked or got in ("V", "R") or page.status in (400, 409, 415, 422)
    return got == expected


@contextmanager
def undone() -> Iterator[None]:
    """Undo whatever a request writes, so that the next one meets the same objects."""
    db.session.commit()
    connection: Any = db.engines[None]
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        db.session.rollback()
        savepoint.rollback()
        db.session.expire_all()


@pytest.fixture(autouse=True)
def _ten_months_into_the_programme() -> Iterator[None]:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


def test_every_role_gets_what_the_table_says(
    app: Flask, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    ids = make_everything(scene)
    wrong = [
        complaint
        for column in visibility_table.COLUMNS
        for complaint in walk(column, scene, ids, new_client())
    ]
    assert wrong == [], "\n" + "\n".join(wrong)


def walk(column: str, scene: Scene, ids: Ids, client: PageClient) -> Iterator[str]:
    """Ask for everything as one of the columns and say what the table does not."""
    if column != "anonymous":
        client.login(getattr(scene, column), PASSWORD)
    token = client.csrf_token()
    session = client.http.get_cookie("session")
    assert session is not None
    for (method, endpoint), letters in TABLE.items():
        with undone():
            # Some steps end the session they were asked in.
            client.http.set_cookie("session", session.value)
            answer = ask(client, method, RULES[endpoint], ids, token)
        if not agrees(letters[column], method, answer):
            got = f"{outcome(answer)} got ({answer.status})"
            yield f"{column}: {method} {endpoint} {answer.path}: {letters[column]} expected, {got}"


def ask(client: PageClient, method: str, rule: Rule, ids: Ids, token: str) -> Answer:
    with client.app.test_request_context():
        values = {name: ids.of(rule.endpoint, name) for name in rule.arguments}
        address = client.app.url_for(rule.endpoint, **values)
    data = {"csrf_token": token, **ids.fields(rule.endpoint)}
    sent = {} if method == "GET" else {"data": data}
    # Not through the client's own methods: they read every page for its faults, which the tests
    # of the pages do, and which would take most of the time here.
    headers = {"Tus-Resumable": "1.0.0"} if rule.endpoint.startswith("uploads.") else {}
    return Answer(
        Context().run(
            lambda: client.http.open(address, method=method, headers=headers, buffered=True, **sent)
        )
    )


def test_object_of_another_parent_is_not_found(
    app: Flask, new_client: Callable[[], PageClient]
) -> None:
    """An address with two ids is loaded by both: having the one does not open the other."""
    scene = make_scene()
    ids = make_everything(scene)
    centre, coordinator = new_client(), new_client()
    centre.login(scene.centre, PASSWORD)
    coordinator.login(scene.supported_coordinator, PASSWORD)
    known, early = ids.common, ids.special["plans.edit_task"]
    draft, published = ids.special["library.edit_task"], ids.special["library.show_task"]
    met = ids.special["plans.withdraw_met_target"]
    in_draft = f"/library/editions/{draft['edition_id']}/tasks/{published['task_id']}"
    alien = evidence_for(make_task(plan_in_force(scene.foreign, scene)), by=scene.foreign_leader)
    mixed = {
        f"/surveys/{known['survey_id']}/sheet/99": {"GET", "POST"},
        f"/surveys/{known['survey_id']}/items/999999": {"POST"},
        f"/plans/{early['plan_id']}/tasks/{known['task_id']}": {"GET", "POST"},
        f"/plans/{early['plan_id']}/tasks/{alien.task_id}/remove": {"POST"},
        f"/plans/{early['plan_id']}/tasks/{known['task_id']}/row": {"GET"},
        f"/plans/{early['plan_id']}/met-targets/new/{published['task_id']}": {"GET", "POST"},
        f"/plans/{known['plan_id']}/met-targets/{met['target_id']}/withdraw": {"POST"},
        f"/tasks/{early['task_id']}/milestones/{known['milestone_id']}/reach": {"POST"},
        f"/tasks/{early['task_id']}/milestones/{known['milestone_id']}/undo": {"POST"},
        f"/evidence/uses/{alien.id}/remove": {"POST"},
        in_draft: {"GET", "POST"},
        f"/amendments/{known['amendment_id']}/tasks/{alien.task_id}": {"GET", "POST"},
        f"/amendments/{known['amendment_id']}/lines/999999/remove": {"POST"},
        f"/plans/{early['plan_id']}/versions/1": {"GET"},
        f"{in_draft}/leave-out": {"POST"},
        f"{in_draft}/move": {"POST"},
        f"/assessments/{known['assessment_id']}/items/999999": {"GET"},
        f"/assessments/{known['assessment_id']}/items/999999/evidence/use": {"GET", "POST"},
    }
    for address, methods in mixed.items():
        for client in (centre, coordinator):
            if "GET" in methods:
                assert client.get(address).status in (403, 404), address
            if "POST" in methods:
                assert client.post(address).status in (403, 404), address
    assert coordinator.get(f"/plans/{early['plan_id']}/tasks/{early['task_id']}").status == 200


def test_every_address_with_two_ids_is_mixed_above() -> None:
    names = {rule.endpoint for rule in RULES.values() if len(rule.arguments) > 1}
    assert names == {
        "amendments.change_task",
        "amendments.remove_line",
        "amendments.show_version",
        "assessments.item_rows",
        # Kind and format are no ids, but two words: tests/integration/test_output_templates.py
        "papers.add_template",
        "papers.download",
        "papers.download_shipped",
        "papers.show_sample",
        "papers.show_template",
        "papers.use_shipped",
        # A clause is named by its key within the agreement, which alone decides.
        "agreements.edit_clause",
        "evidence.use_for_item",
        "library.edit_task",
        "library.leave_out",
        "library.move_task",
        # One of five names, which is nobody's.
        "lists.export_list",
        "lists.print_list",
        "lists.show_list",
        "plans.edit_task",
        "plans.remove_task",
        # A page of one survey's own sheet, or an item of it.
        "surveys.save_answer",
        "surveys.save_section",
        "surveys.show_section",
        "plans.add_met_target",
        "plans.show_row",
        "plans.withdraw_met_target",
        "tasks.reach_milestone",
        "tasks.undo_milestone",
        # An invitation and the name of a service: tests/integration/sso/
        "sso.accept_by_identity",
        # A secret and an upload begun by it: tests/integration/test_phone_uploads.py
        "uploads.answer_by_phone",
        "uploads.end_by_phone",
        "uploads.send_part_by_phone",
        "uploads.show_by_phone",
    }
