"""The import corpus, third part: what the check finds in rows that were read."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from portal.models import Plan, SheetImport, SheetKind
from portal.policies.sheet_rows import FIXED, FORMULA
from portal.services import sheet_imports
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.sheets import downloaded, edited, imported, new_row, put
from tests.factories.tasks import make_task
from tests.factories.workbooks import HEAD, ROW, book, row, table, text_table
from tests.support.pages import PageClient
from tests.support.queries import count_queries

PLAN, LEDGER = SheetKind.PLAN, SheetKind.LEDGER


@dataclass
class Place:
    """A pairing with a plan, and what the tests ask of it."""

    scene: Scene
    plan: Plan

    def taken(self, data: Any, kind: SheetKind = PLAN) -> SheetImport:
        stream = data if hasattr(data, "read") else io.BytesIO(data)
        return imported(stream, kind, [self.scene.pairing], by=self.scene.supported_coordinator)


@pytest.fixture
def drafting(app: Flask) -> Place:
    scene = make_scene()
    return Place(scene, drafting_plan(scene.pairing, scene))


@pytest.fixture
def running(app: Flask) -> Place:
    scene = make_scene()
    return Place(scene, plan_in_force(scene.pairing, scene))


def told(sheet: SheetImport) -> list[tuple[str, str]]:
    """(cell, sentence) of every error."""
    return [(place, sentence) for one in sheet.findings for place, _, sentence in one["errors"]]


def kinds(sheet: SheetImport) -> list[tuple[int, str]]:
    return [(one["row"], one["kind"]) for one in sheet.findings]


GOOD_ROWS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: table(ROW),
    "short area, number as weight": lambda: table(row(area="教学活动", weight=3)),
    "area by its number": lambda: table(row(area="③激励机制")),
    "full-width digits": lambda: table(row(starts_on="２０２０年６月１日", weight="３")),
    "day with slashes": lambda: table(row(due_on="2021/6/30")),
    "day with dots": lambda: table(row(due_on="2021.6.30")),
    "day in Chinese": lambda: table(row(due_on="2021年6月30日")),
    "day packed": lambda: table(row(due_on="20210630")),
    "month": lambda: table(row(due_on="2021年6月")),
    "month counted from the start": lambda: table(row(due_on="第12个月")),
    "day with a time": lambda: table(row(due_on="2021-06-30 00:00:00")),
    "evidence set apart by semicolons": lambda: table(row(evidence="1.甲；2.乙")),
    "a person without an account": lambda: book([(*HEAD, "受援方责任人"), (*ROW, "某老师")]),
    "pairing named": lambda: book([(*HEAD, "受援方"), (*ROW, "文昌受援医院")]),
    "a formula as text": lambda: text_table([HEAD, row(title="=1+1")]),
    "csv in GB18030": lambda: text_table([HEAD, ROW], "gb18030"),
}


@pytest.mark.parametrize("name", GOOD_ROWS)
def test_a_row_of_a_table_made_by_hand_becomes_a_task(drafting: Place, name: str) -> None:
    sheet = drafting.taken(GOOD_ROWS[name]())
    assert (told(sheet), [kind for _, kind in kinds(sheet)]) == ([], ["added"])


BAD_ROWS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "no title": (lambda: table(row(title=None)), "B2", "请填写任务名称"),
    "no criteria": (lambda: table(row(criteria=" ")), "C2", "请填写验收标准"),
    "no evidence": (lambda: table(row(evidence=None)), "G2", "请填写佐证材料"),
    "title too long": (lambda: table(row(title="长" * 101)), "B2", "最多 100 个字，现有 101 个字"),
    "criteria too long": (lambda: table(row(criteria="长" * 5001)), "C2", "最多 5000 个字"),
    "weight 4": (lambda: table(row(weight=4)), "D2", "权重应为"),
    "true as weight": (lambda: table(row(weight=True)), "D2", "权重应为"),
    "no such area": (lambda: table(row(area="后勤保障")), "A2", "没有这个领域"),
    "no day": (lambda: table(row(due_on="年底前")), "F2", "看不出是哪一天"),
    "no such day": (lambda: table(row(due_on="2021-02-30")), "F2", "日历上没有"),
    "due before start": (lambda: table(row(due_on="2020-05-30")), "F2", "不能早于开始日期"),
    "outside the plan": (lambda: table(row(due_on="2024-01-01")), "F2", "应在计划期内"),
    "no such year": (
        lambda: book([(*HEAD, "年度"), (*ROW, "第9年")]),
        "H2",
        "计划共 3 年，没有第9年",
    ),
    "error cell": (lambda: table(row(criteria="#REF!")), "C2", "错误值 #REF!"),
    "formula without value": (lambda: table(row(title="=A1&B1")), "B2", FORMULA),
    "too much evidence": (
        lambda: table(row(evidence="\n".join(f"材料{n}" for n in range(21)))),
        "G2",
        "最多 20 项",
    ),
    "required column missing": (
        lambda: book([HEAD[:6], ROW[:6]]),
        "第 2 行",
        "表中没有“佐证材料”列",
    ),
    "unknown number": (
        lambda: book([(*HEAD, "任务编号"), (*ROW, "Z-99")]),
        "H2",
        "没有编号为“Z-99”的任务",
    ),
    "foreign pairing": (
        lambda: book([(*HEAD, "结对"), (*ROW, "甲院 → 乙院")]),
        "H2",
        "没有“甲院 → 乙院”",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_an_error_names_its_cell_and_what_is_wrong(drafting: Place, name: str) -> None:
    build, place, sentence = BAD_ROWS[name]
    found = told(drafting.taken(build()))
    assert [one for one, _ in found] == [place]
    assert sentence in found[0][1]


def test_one_bad_cell_does_not_hide_another(drafting: Place) -> None:
    sheet = drafting.taken(table(row(title="", weight=9), ROW))
    assert [place for place, _ in told(sheet)] == ["B2", "D2"]
    assert kinds(sheet) == [(2, "wrong"), (3, "added")]


def test_a_row_by_its_number_changes_only_what_it_says(drafting: Place) -> None:
    task = drafting.plan.tasks[0]
    sheet = drafting.taken(
        book([("任务编号", "权重", "验收标准"), (task.code, "核心", None), ("A-99", "一般", "")])
    )
    assert kinds(sheet) == [(2, "changed"), (3, "wrong")]
    assert [cell[:4] for cell in sheet.findings[0]["cells"]] == [["权重", "B2", "一般", "核心"]]


def test_a_row_that_was_not_touched_is_no_change_though_it_went_stale(drafting: Place) -> None:
    tasks = drafting.plan.tasks
    stream = downloaded(PLAN, tasks)
    tasks[0].title = "别人改过的名称"
    assert drafting.taken(stream).findings == []


def test_cells_that_both_changed_are_a_conflict_and_others_are_not(drafting: Place) -> None:
    tasks = drafting.plan.tasks
    stream = edited(
        PLAN,
        tasks,
        put(PLAN, (2, "title", "我的名称"), (3, "title", "我的"), (4, "weight", "核心")),
    )
    tasks[0].title = "别人的名称"
    tasks[1].criteria = "别人改了另一格。"
    tasks[2].weight = 3
    sheet = drafting.taken(stream)
    assert kinds(sheet) == [(2, "conflict"), (3, "changed")]
    label, _, theirs, mine, clashes = sheet.findings[0]["cells"][0]
    assert (label, theirs, mine, clashes) == ("任务名称", "别人的名称", "我的名称", True)


KEYS: dict[str, tuple[Callable[[Any], object], str]] = {
    "changed": (put(PLAN, (2, "key", "P9.1.00.00000000")), "系统标识被改动过"),
    "copied row": (
        lambda sheet: sheet.append([cell.value for cell in sheet[2]]),
        "与第 2 行是同一项任务",
    ),
    "number changed": (put(PLAN, (2, "code", "Z-01")), "任务编号由系统编排"),
    "pairing changed": (put(PLAN, (2, "pairing", "甲 → 乙")), "任务不能移到别的结对"),
}


@pytest.mark.parametrize("name", KEYS)
def test_what_tells_a_task_cannot_be_changed(drafting: Place, name: str) -> None:
    edit, sentence = KEYS[name]
    found = told(drafting.taken(edited(PLAN, drafting.plan.tasks, edit)))
    assert len(found) == 1
    assert sentence in found[0][1]


def test_two_rows_for_one_task_are_found_however_they_name_it(drafting: Place) -> None:
    pairing, task = drafting.scene.pairing, drafting.plan.tasks[0]
    head = ("结对", "任务编号", "权重")
    names = (pairing.title, pairing.supported.name)
    sheet = drafting.taken(book([head, *((name, task.code, "核心") for name in names)]))
    assert kinds(sheet) == [(2, "changed"), (3, "wrong")]
    assert "与第 2 行是同一项任务" in told(sheet)[0][1]
    spare = [None, pairing.title, task.code, None, "又改名"]
    sheet = drafting.taken(edited(PLAN, drafting.plan.tasks, lambda one: one.append(spare)))
    assert "与第 2 行是同一项任务" in told(sheet)[0][1]


def test_a_row_without_a_key_asks_before_it_overwrites_what_another_did_today(
    client: PageClient, drafting: Place
) -> None:
    task = drafting.plan.tasks[0]
    rows = book([("任务编号", "权重"), (task.code, "核心"), (drafting.plan.tasks[1].code, "核心")])
    assert kinds(drafting.taken(rows)) == [(2, "changed"), (3, "changed")]
    client.login(drafting.scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/plans/{drafting.plan.id}/tasks/{task.id}")
    assert client.submit(page, "main form:not(.inline-action)", title="别人的名称").status == 303
    sheet = drafting.taken(rows)
    assert kinds(sheet) == [(2, "conflict"), (3, "changed")]
    assert any("会覆盖现有内容" in one for one in sheet.remarks)


def test_the_year_that_follows_a_new_due_date_is_shown(drafting: Place) -> None:
    task = drafting.plan.tasks[0]
    sheet = drafting.taken(
        edited(PLAN, drafting.plan.tasks, put(PLAN, (2, "due_on", "2023-03-31")))
    )
    assert [(one[0], one[3]) for one in sheet.findings[0]["cells"]] == [
        ("完成期限", "2023-03-31"),
        ("年度", "第3年"),
    ]
    assert task.year == 1


def test_a_task_of_a_foreign_pairing_is_as_good_as_none(drafting: Place) -> None:
    scene = drafting.scene
    alien = drafting_plan(scene.foreign, scene)
    found = told(drafting.taken(downloaded(PLAN, alien.tasks)))
    assert len(found) == 5
    assert all("没有这项任务，或您不能查看" in sentence for _, sentence in found)


def test_a_workbook_of_the_other_kind_is_told_so(running: Place) -> None:
    found = told(running.taken(downloaded(LEDGER, running.plan.tasks)))
    assert {sentence for _, sentence in found} == {"这一行来自任务台账的表格，请在对应的页面上传。"}


FIXED_CELLS = {"title": "改名", "weight": "核心", "due_on": "2022-01-01", "criteria": "改标准"}


@pytest.mark.parametrize("name", FIXED_CELLS)
def test_a_ledger_does_not_change_what_the_plan_fixes(running: Place, name: str) -> None:
    edit = put(LEDGER, (2, name, FIXED_CELLS[name]))
    found = told(running.taken(edited(LEDGER, running.plan.tasks, edit), LEDGER))
    assert [sentence for _, sentence in found] == [FIXED]


LEDGER_CELLS: dict[str, tuple[Callable[[Any], object], str]] = {
    "progress above 100": (put(LEDGER, (2, "progress", 120)), "0 到 100"),
    "progress in words": (put(LEDGER, (2, "progress", "过半")), "0 到 100"),
    "progress by halves": (put(LEDGER, (2, "progress", 33.5)), "0 到 100"),
    "nobody of that name": (put(LEDGER, (2, "supported_owner", "某老师")), "没有名为“某老师”"),
    "the other side's person": (
        put(LEDGER, (2, "supporting_owner", "某老师")),
        "由帮扶方基地管理员指定",
    ),
    "note too long": (put(LEDGER, (2, "note", "长" * 5001)), "最多 5000 个字"),
    "new row": (
        lambda sheet: sheet.append([None, None, None, "激励机制", "新任务"]),
        "台账不能增加",
    ),
}


@pytest.mark.parametrize("name", LEDGER_CELLS)
def test_a_ledger_says_what_it_cannot_take(running: Place, name: str) -> None:
    edit, sentence = LEDGER_CELLS[name]
    found = told(running.taken(edited(LEDGER, running.plan.tasks, edit), LEDGER))
    assert len(found) == 1
    assert sentence in found[0][1]


def test_a_plan_in_force_takes_no_task_list(running: Place) -> None:
    def edit(sheet: Any) -> None:
        put(PLAN, (2, "title", "改名"))(sheet)
        new_row()(sheet)

    found = told(running.taken(edited(PLAN, running.plan.tasks, edit)))
    assert [sentence for _, sentence in found] == [FIXED, FIXED]


def test_a_contributor_reports_only_on_their_own_tasks(running: Place) -> None:
    scene = running.scene
    own = running.plan.tasks[0]
    own.supported_owner = scene.supported_contributor
    edit = put(LEDGER, (2, "progress", 40), (3, "progress", 40))
    stream = edited(LEDGER, running.plan.tasks[:2], edit)
    sheet = imported(stream, LEDGER, [scene.pairing], by=scene.supported_contributor)
    assert kinds(sheet) == [(2, "changed"), (3, "wrong")]
    assert "没有这项任务" in told(sheet)[0][1]


def test_the_check_asks_as_little_for_many_rows_as_for_few(drafting: Place) -> None:
    def asked(tasks: list[Any]) -> int:
        stream = edited(
            PLAN, tasks, put(PLAN, *((n + 2, "weight", "核心") for n in range(len(tasks))))
        )
        who = drafting.scene.supported_coordinator
        sheet = imported(stream, PLAN, [drafting.scene.pairing], by=who, checked=False)
        with count_queries() as queries:
            sheet_imports.check_next(sheet, actor=who)
        return len(queries)

    few = asked(list(drafting.plan.tasks))
    more = [make_task(drafting.plan) for _ in range(30)]
    assert asked([*drafting.plan.tasks, *more]) <= few
