"""Texts that would be code somewhere: in SQL, in a template, in a page, in a sheet or a log."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import sqlalchemy as sa

from portal.extensions import db
from portal.models import Evidence, EvidenceStatus, Role, Task, TaskState, User
from tests.integration.hostile.table import NOBODY, Attack, Check, Row, get, post
from tests.support.pages import Page

MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example","点这里")'


def writes_note(text: str) -> Callable[[Attack], Page]:
    return post("/tasks/{task_id}/notes", {"progress": "35", "body": text})


def is_shown(text: str, but_not: str = "\0") -> Check:
    """The page shows the very text, and makes nothing of it."""

    def check(attack: Attack, _page: Page) -> None:
        page = attack.get("/tasks/{task_id}")
        assert text in page.text
        assert but_not not in page.text
        assert_inert(page)

    return check


def assert_inert(page: Page) -> None:
    """Nothing that was typed became an element of the page."""
    assert page.select("script:not([src])") == []
    assert page.select("[onerror], [onload], [onclick]") == []
    assert page.select("img[src=x]") == []


def reflects_nothing(_attack: Attack, page: Page) -> None:
    assert_inert(page)


def noted(name: str, text: str, but_not: str = "\0") -> Row:
    check = is_shown(text, but_not)
    return Row(f"text: {name}", writes_note(text), 303, "/tasks/", stores=True, check=check)


def searched(path: str, text: str, **parameters: str) -> Row:
    query = {"q": text, **parameters}
    return Row(f"search: {path} {text[:30]}", get(path, query=query), 200, check=reflects_nothing)


def raw(name: str, content: bytes, check: Check | None = None, status: int = 303) -> Row:
    """Bytes of a form that are no text."""

    def send(attack: Attack) -> Page:
        return attack.client._open(
            attack.address("/tasks/{task_id}/notes"),
            method="POST",
            data=content,
            content_type="application/x-www-form-urlencoded",
            headers={"X-CSRFToken": attack.client.csrf_token()},
        )

    return Row(f"text: {name}", send, status, stores=status == 303, check=check)


def titled_like_a_formula(attack: Attack) -> Page:
    db.session.execute(
        sa.update(Task).where(Task.id == attack.ids["task_id"]).values(title=FORMULA)
    )
    return attack.get("/tasks.xlsx")


def sheet_calculates_nothing(_attack: Attack, page: Page) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(page.response.get_data())).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if "HYPERLINK" in str(cell.value)]
    assert [cell.data_type for cell in cells] == ["s"]


def task_is_as_it_was(attack: Attack, _page: Page) -> None:
    task = db.session.get(Task, attack.ids["task_id"])
    assert task is not None
    assert task.state is TaskState.IN_PROGRESS
    assert task.pairing_id == attack.ids["pairing_id"]


def evidence_is_not_accepted(attack: Attack, _page: Page) -> None:
    piece = db.session.get(Evidence, attack.ids["evidence_id"])
    assert piece is not None
    assert piece.title == "改了名"
    assert piece.status is EvidenceStatus.PENDING
    assert piece.added_by_id == attack.scene.supported_contributor.id
    assert piece.pairing_id == attack.ids["pairing_id"]


def has_the_role_that_was_chosen(_attack: Attack, _page: Page) -> None:
    made = db.session.scalars(sa.select(User).where(User.username == "mass-assigned")).one()
    assert made.role is Role.CONTRIBUTOR
    assert (made.must_change_password, made.is_demo, made.failed_logins) == (True, False, 0)


NEW_USER = {"username": "mass-assigned", "name": "某人", "position": "", "way": "password"}

ROWS = [
    noted("SQL that ends a statement", "'); DROP TABLE tasks; --"),
    noted("SQL that is always true", "' OR '1'='1"),
    noted(
        "template that calculates",
        "{{ 7919*7907 }} {% print(7919*7907) %} ${7919*7907}",
        "62615533",
    ),
    noted("template that reads the settings", "{{ config.SECRET_KEY }}"),
    noted("markup with script", MARKUP),
    noted("markup that closes the page", "</textarea></p></main><svg onload=alert(1)>"),
    noted("format of a program", "%s%n{0.__class__}%(x)s"),
    noted("zero-width and stacked marks", "进\u200b展Z̷̳̽a̸l"),
    raw("NUL in a note", b"progress=35&body=a%00b"),
    raw("half a character", b"progress=35&body=%e5%85"),
    raw("a lone surrogate", b"progress=35&body=%ed%a0%80x"),
    raw("bytes that are no UTF-8", b"progress=35&body=%ff%fe%fd"),
    raw("a percent sign and nothing", b"progress=35&body=%"),
    raw("a number beyond all numbers", b"progress=1e999&body=x", status=422),
    raw("a number of ten thousand digits", b"body=x&progress=" + b"9" * 10_000, status=422),
    raw("a number of another script", "progress=１２３&body=x".encode(), status=422),
    raw("a field sent a thousand times", b"progress=35" + b"&body=" * 900, status=422),
    Row("text: a note of 100,000 letters", writes_note("长" * 100_000), 422, "5000"),
    *(
        searched(path, text)
        for path in ("/tasks", "/evidence", "/agreements")
        for text in ("' OR 1=1 --", MARKUP, "\0")
    ),
    *(searched("/tasks", text) for text in ("%_%_%", "\\", "{{7*7}}", "长" * 5000)),
    searched("/tasks", "y", sort="title; DROP TABLE tasks", page="-1", programme="9" * 40),
    searched("/tasks", "x", after="' OR 1", state="<script>", light="\0", due="0000-00-00"),
    searched("/evidence", "x", status="' OR 1", page="1e9", pairing="-1", kind="\0"),
    Row(
        "text: markup in the name of a log-in",
        post("/login", {"username": MARKUP, "password": "x"}),
        422,
        by=NOBODY,
        stores=True,
        check=reflects_nothing,
    ),
    Row(
        "text: line break in the name of a log-in",
        post("/login", {"username": "a\r\nroot logged in", "password": "x"}),
        422,
        by=NOBODY,
        stores=True,
    ),
    Row(
        "text: markup in the address of an unknown page",
        get("/<script>alert(1)</script>"),
        404,
        check=reflects_nothing,
    ),
    Row(
        "sheet: title that is a formula",
        titled_like_a_formula,
        200,
        stores=True,
        check=sheet_calculates_nothing,
    ),
    Row(
        "more fields: the state of a task",
        post(
            "/tasks/{task_id}/notes",
            {
                "progress": "35",
                "body": "进展",
                "state": "closed",
                "pairing_id": "{foreign_pairing}",
                "id": "{foreign_task}",
                "created_by_id": "1",
            },
        ),
        303,
        stores=True,
        check=task_is_as_it_was,
    ),
    Row(
        "more fields: the status of evidence",
        lambda attack: _edited(attack),
        303,
        stores=True,
        check=evidence_is_not_accepted,
        by="supported_contributor",
    ),
    Row(
        "more fields: a role that the centre may not give",
        post("/admin/users/new", {**NEW_USER, "role": "security_administrator"}),
        422,
        by="centre",
    ),
    Row(
        "more fields: what no form of an account has",
        post(
            "/admin/users/new",
            {
                **NEW_USER,
                "role": "contributor",
                "organisation": "{organisation_id}",
                "is_demo": "1",
                "must_change_password": "",
                "password_hash": "x",
                "failed_logins": "-9",
            },
        ),
        200,
        by="security_administrator",
        stores=True,
        check=has_the_role_that_was_chosen,
    ),
    Row(
        "more fields: one's own account made another's",
        post("/admin/users/{administrator}", {"name": "我", "role": "security_administrator"}),
        404,
        by="administrator",
    ),
]


def _edited(attack: Attack) -> Page:
    """Send the form of one's own evidence with fields that it has not."""
    return attack.post(
        "/evidence/{evidence_id}/details",
        {
            "title": "改了名",
            "kind": "document",
            "proves": "",
            "evidence_on": "2021-03-01",
            "expires_on": "",
            "status": "accepted",
            "added_by_id": "1",
            "pairing_id": "{foreign_pairing}",
            "reviewed_by_id": "1",
            "version": "1",
        },
    )
