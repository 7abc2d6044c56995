"""The pages of a workbook: taken away, sent back, followed, decided about, taken back."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.extensions import db
from portal.models import AuditEntry, Event, SheetImport, SheetImportState, SheetKind, Task
from portal.policies.sheet_columns import COLUMNS, read_key
from portal.services import sheet_imports
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.sheets import column, edited, imported, put
from tests.factories.tasks import make_task
from tests.factories.workbooks import ROW, table
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries

PLAN, LEDGER = SheetKind.PLAN, SheetKind.LEDGER
RENAME = put(PLAN, (2, "title", "我的名称"))


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


@pytest.fixture
def coordinator(client: PageClient, scene: Scene) -> PageClient:
    client.login(scene.supported_coordinator, PASSWORD)
    return client


def send(client: PageClient, stream: io.BytesIO, kind: SheetKind, *pairings: int) -> Page:
    data: dict[str, Any] = {
        "file": (stream, "清单.xlsx"),
        "pairing": [str(one) for one in pairings],
    }
    return client.post(f"/imports/new?kind={kind.value}", data)


def opened(page: Page) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(page.response.data))


def test_a_downloaded_plan_is_made_to_be_edited(coordinator: PageClient, scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    plan.tasks[0].title = "=HYPERLINK(1)"
    book = opened(coordinator.get(f"/pairings/{scene.pairing_id}/plan.xlsx"))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == [one.label for one in COLUMNS[PLAN]]
    assert sheet.freeze_panes == "C2"
    assert sheet.column_dimensions["A"].hidden
    key = read_key(sheet.cell(2, 1).value)
    assert key is not None
    assert key.task_id == plan.tasks[0].id
    title = sheet.cell(2, column(PLAN, "title"))
    assert (title.data_type, title.value, title.quotePrefix) == ("s", "=HYPERLINK(1)", True)
    assert sheet.cell(2, column(PLAN, "due_on")).is_date
    lists = {
        str(one.sqref).split("2:")[0]: one.formula1 for one in sheet.data_validations.dataValidation
    }
    assert lists["D"].startswith('"全科医学科建设,')
    assert lists["I"] == '"核心,重点,一般"'
    assert lists["M"] == "'选项'!$A$2:$A$4"
    assert book.sheetnames == [PLAN.label, "填写说明", "选项"]
    assert book["选项"].sheet_state == "hidden"


def test_a_download_holds_just_what_the_ledger_shows(coordinator: PageClient, scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    wanted = make_task(plan, title="只要这一项")
    plan_in_force(scene.foreign, scene)
    sheet = opened(coordinator.get("/tasks/edit.xlsx", {"q": "只要这一项"})).worksheets[0]
    assert sheet.max_row == 2
    assert sheet.cell(2, column(LEDGER, "code")).value == wanted.code
    assert opened(coordinator.get("/tasks/edit.xlsx")).worksheets[0].max_row == 7


@pytest.mark.parametrize(
    ("role", "sides"),
    [
        ("supported_coordinator", [False, True]),
        ("supporting_coordinator", [True, False]),
        ("supported_contributor", [False, False]),
        ("city", [False, False]),
    ],
)
def test_a_ledger_names_only_the_staff_whom_its_reader_puts_in_charge(
    client: PageClient, scene: Scene, role: str, sides: list[bool]
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    plan.tasks[0].supported_owner = scene.supported_contributor
    client.login(getattr(scene, role), PASSWORD)
    options = opened(client.get("/tasks/edit.xlsx"))["选项"]
    assert [bool(options.cell(2, at).value) for at in (1, 2)] == sides


def test_a_plan_read_by_the_city_names_no_staff(client: PageClient, scene: Scene) -> None:
    drafting_plan(scene.pairing, scene)
    client.login(scene.city, PASSWORD)
    book = opened(client.get(f"/pairings/{scene.pairing_id}/plan.xlsx"))
    assert book["选项"].max_row == 1


def test_a_download_of_a_foreign_plan_is_not_found(coordinator: PageClient, scene: Scene) -> None:
    drafting_plan(scene.pairing, scene)
    drafting_plan(scene.foreign, scene)
    assert coordinator.get(f"/pairings/{scene.foreign.id}/plan.xlsx").status == 404
    both = coordinator.get(f"/pairings/{scene.pairing_id}/plan.xlsx", {"also": scene.foreign.id})
    assert both.status == 404


def test_a_coordinator_brings_a_plan_back_within_four_actions(
    coordinator: PageClient, scene: Scene
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    page = coordinator.get(f"/pairings/{scene.pairing_id}/plan")
    assert "下载表格修改" in page.text
    page = send(coordinator, edited(PLAN, plan.tasks, RENAME), PLAN, scene.pairing_id)
    assert page.status == 303
    page = coordinator.get(page.location)
    assert "核对无误，可以导入" in page.text
    assert "我的名称" in page.text
    done = coordinator.submit(page, "form[action$='/apply']")
    assert plan.tasks[0].title == "我的名称"
    page = coordinator.get(done.location)
    assert "已导入 1 项任务的改动" in page.text
    done = coordinator.submit(page, "form[action$='/undo']")
    assert "已撤销" in coordinator.get(done.location).text
    assert plan.tasks[0].title != "我的名称"


def test_an_import_leaves_one_audit_entry(coordinator: PageClient, scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    edit = put(PLAN, *((row, "title", f"名称{row}") for row in range(2, 7)))
    page = coordinator.get(
        send(coordinator, edited(PLAN, plan.tasks, edit), PLAN, scene.pairing_id).location
    )
    count = sa.select(sa.func.count()).select_from(AuditEntry)
    before = db.session.scalar(count) or 0
    coordinator.submit(page, "form[action$='/apply']")
    assert db.session.scalar(count) == before + 1
    titles = db.session.scalars(sa.select(Event.title).where(Event.action == "imported")).all()
    assert titles == ["通过表格导入修改任务"] * 5


def test_a_double_click_imports_once(coordinator: PageClient, scene: Scene) -> None:
    drafting_plan(scene.pairing, scene)
    sent = send(coordinator, io.BytesIO(table(ROW)), PLAN, scene.pairing_id)
    page = coordinator.get(sent.location)
    for _ in range(2):
        assert coordinator.submit(page, "form[action$='/apply']").status == 303
    assert db.session.query(Task).filter_by(title=ROW[1]).count() == 1


def test_errors_are_shown_by_cell_and_go_out_as_a_workbook(
    coordinator: PageClient, scene: Scene
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    edit = put(PLAN, (2, "weight", 9), (3, "title", "改名"))
    sent = send(coordinator, edited(PLAN, plan.tasks, edit), PLAN, scene.pairing_id)
    page = coordinator.get(sent.location)
    assert "I2 权重：权重应为" in page.text
    assert page.select("form[action$='/apply']") == []
    refused = coordinator.post(f"{page.path}/apply")
    assert refused.status == 409
    assert "没有写入任何内容" in refused.text
    sheet = opened(coordinator.get(f"{page.path}/errors.xlsx")).worksheets[0]
    assert sheet.max_row == 2
    assert "第 2 行“权重”" in sheet.cell(2, sheet.max_column).value
    # Mended and sent again, it stands for the same task.
    sheet.cell(2, column(PLAN, "weight")).value = "核心"
    target = io.BytesIO()
    sheet.parent.save(target)
    target.seek(0)
    again = send(coordinator, target, PLAN, scene.pairing_id)
    assert "核对无误" in coordinator.get(again.location).text


def test_conflicts_are_decided_row_by_row_or_all_at_once(
    coordinator: PageClient, scene: Scene
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    stream = edited(PLAN, plan.tasks, put(PLAN, (2, "title", "甲"), (3, "title", "乙")))
    plan.tasks[0].title, plan.tasks[1].title = "子", "丑"
    page = coordinator.get(send(coordinator, stream, PLAN, scene.pairing_id).location)
    assert "他人已有改动，现为“子”，您改为“甲”" in page.text
    sent = coordinator.submit(page, "form[action$='/choose']", **{"choice-2": "mine"})
    page = coordinator.get(sent.location)
    assert "1 行有冲突" in page.text
    sent = coordinator.submit(page, "form[action$='/choose']", all="theirs")
    page = coordinator.get(sent.location)
    coordinator.submit(page, "form[action$='/apply']")
    assert (plan.tasks[0].title, plan.tasks[1].title) == ("子", "丑")


def test_what_changed_after_the_check_is_said_before_it_is_imported(
    coordinator: PageClient, scene: Scene
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    page = coordinator.get(
        send(coordinator, edited(PLAN, plan.tasks, RENAME), PLAN, scene.pairing_id).location
    )
    plan.tasks[0].title = "别人的名称"
    sent = coordinator.submit(page, "form[action$='/apply']")
    page = coordinator.get(sent.location)
    assert "已重新核对" in page.text
    assert "1 行有冲突" in page.text


def test_long_checks_show_progress_with_and_without_script(
    coordinator: PageClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_imports, "SLICE", 2)
    plan = drafting_plan(scene.pairing, scene)
    address = send(coordinator, edited(PLAN, plan.tasks, RENAME), PLAN, scene.pairing_id).location
    page = coordinator.get(address)
    assert "已核对 2 行，共 5 行" in page.text
    asks = page.one("#sheet-progress")
    assert (asks["hx-trigger"], asks["hx-post"]) == ("load", f"{address}/check")
    fragment = coordinator.post(f"{address}/check", htmx=True)
    assert fragment.one("#sheet-progress")["hx-post"] == f"{address}/check"
    assert "已核对 4 行" in fragment.text
    last = coordinator.post(f"{address}/check", htmx=True)
    assert (last.status, last.headers["HX-Redirect"]) == (204, address)
    assert coordinator.submit(coordinator.get(address), "form[action$='/apply']").status == 303


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (b"%PDF-1.7", "这是 PDF 文件，不是表格。"),
        (b"", "文件是空的"),
        (None, "请选择要上传的表格文件。"),
    ],
)
def test_a_file_that_cannot_be_read_comes_back_with_its_sentence(
    coordinator: PageClient, scene: Scene, stream: bytes | None, sentence: str
) -> None:
    drafting_plan(scene.pairing, scene)
    data: dict[str, Any] = {"pairing": scene.pairing_id}
    if stream is not None:
        data["file"] = (io.BytesIO(stream), "清单.xlsx")
    page = coordinator.post("/imports/new?kind=plan", data)
    assert page.status == 422
    assert sentence in page.text
    assert page.select(f"input[name=pairing][value='{scene.pairing_id}'][checked]")
    assert db.session.query(SheetImport).count() == 0


def test_a_plan_is_imported_only_into_own_pairings(coordinator: PageClient, scene: Scene) -> None:
    drafting_plan(scene.pairing, scene)
    drafting_plan(scene.foreign, scene)
    assert send(coordinator, io.BytesIO(table(ROW)), PLAN, scene.foreign.id).status == 404
    page = send(coordinator, io.BytesIO(table(ROW)), PLAN)
    assert (page.status, "请至少选择一个结对" in page.text) == (422, True)


def test_an_import_is_seen_by_its_hospital_alone(
    scene: Scene, new_client: Callable[[], PageClient]
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    sheet = imported(
        edited(PLAN, plan.tasks, RENAME), PLAN, [scene.pairing], by=scene.supported_coordinator
    )
    seen = {}
    for role in (
        "supported_coordinator",
        "supported_leader",
        "supporting_coordinator",
        "foreign_coordinator",
    ):
        client = new_client()
        client.login(getattr(scene, role), PASSWORD)
        seen[role] = (
            client.get(f"/imports/{sheet.id}").status,
            sheet.file_name in client.get("/imports").text,
        )
    assert seen.pop("supported_coordinator") == (200, True)
    assert set(seen.values()) == {(404, False)}


def test_a_contributor_reports_progress_by_workbook(client: PageClient, scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    plan.tasks[0].supported_owner = scene.supported_contributor
    db.session.flush()
    client.login(scene.supported_contributor, PASSWORD)
    sheet = opened(client.get("/tasks/edit.xlsx")).worksheets[0]
    assert sheet.max_row == 2
    sheet.cell(2, column(LEDGER, "progress")).value = 30
    target = io.BytesIO()
    sheet.parent.save(target)
    target.seek(0)
    page = client.get(send(client, target, LEDGER).location)
    client.submit(page, "form[action$='/apply']")
    assert plan.tasks[0].progress == 30


def test_the_undo_button_goes_after_a_day(coordinator: PageClient, scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    page = coordinator.get(
        send(coordinator, edited(PLAN, plan.tasks, RENAME), PLAN, scene.pairing_id).location
    )
    coordinator.submit(page, "form[action$='/apply']")
    address = page.path
    assert coordinator.get(address).select("form[action$='/undo']")
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        coordinator.login(scene.supported_coordinator, PASSWORD)
        assert coordinator.get(address).select("form[action$='/undo']") == []
        assert coordinator.post(f"{address}/undo").status == 409


def test_pages_of_imports_ask_a_fixed_number_of_questions(
    coordinator: PageClient, scene: Scene
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    for _ in range(30):
        make_task(plan)
    db.session.expire_all()
    edit = put(PLAN, *((row, "weight", "核心") for row in range(2, 37)))
    address = send(coordinator, edited(PLAN, plan.tasks, edit), PLAN, scene.pairing_id).location
    with count_queries() as queries:
        page = coordinator.get(address)
    queries.at_most(4)
    assert "修改" in page.text
    with count_queries() as queries:
        coordinator.get("/imports")
    queries.at_most(4)
    with count_queries() as queries:
        assert coordinator.submit(page, "form[action$='/apply']").status == 303
    writes = [one for one in queries.texts if one.startswith(("SELECT",))]
    assert len(writes) <= 45


def test_a_workbook_put_aside_leads_back_to_the_list(coordinator: PageClient, scene: Scene) -> None:
    plan = drafting_plan(scene.pairing, scene)
    page = coordinator.get(
        send(coordinator, edited(PLAN, plan.tasks, RENAME), PLAN, scene.pairing_id).location
    )
    sent = coordinator.submit(page, "form[action$='/discard']")
    assert "已放弃" in coordinator.get(sent.location).text
    assert db.session.query(SheetImport).one().state is SheetImportState.DISCARDED
    assert "没有写入任何内容" in coordinator.get(page.path).text
