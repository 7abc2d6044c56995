"""How long a workbook of 5,000 tasks takes: ``python -m tests.bench.sheets [--postgres]``.

Written, read in its own process, checked in slices of 1,000 rows, imported in one transaction and
taken back: of a plan (every row changed, and new rows), and of a ledger (progress and a note each).
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openpyxl

from portal import clock
from portal.documents.sheet_xlsx import task_row, write_task_sheet
from portal.documents.workbooks.reading import read_workbook
from portal.documents.workbooks.tables import find_table
from portal.extensions import db
from portal.models import Area, EvidenceRequirement, Plan, PlanState, SheetImport, SheetKind, Task
from portal.queries import sheets as queries
from portal.services import sheet_applying, sheet_imports, sheet_undoing
from tests.factories import Scene, make_scene
from tests.factories.plans import drafting_plan
from tests.factories.sheets import column, new_row
from tests.support.apps import build_app, dispose, migrate
from tests.support.postgres import running_server


def fill(plan: Plan, rows: int) -> None:
    """Give ``plan`` so many tasks."""
    areas = list(Area)
    db.session.add_all(
        Task(
            plan=plan,
            pairing_id=plan.pairing_id,
            number=number,
            code=f"A-{number:05d}",
            area=areas[number % 5],
            title=f"任务 {number}",
            description="按标准完成。" * 10,
            criteria="达到双方商定的标准，材料齐全。" * 5,
            weight=1 + number % 3,
            starts_on=plan.starts_on,
            due_on=plan.ends_on,
            first_due_on=plan.ends_on,
            state_since=clock.now(),
            created_at=clock.now(),
            requirements=[EvidenceRequirement(position=1, name="成立文件")],
        )
        for number in range(1, rows + 1)
    )
    db.session.commit()


def edited(kind: SheetKind, book: Any, added: int) -> io.BytesIO:
    """Change a cell or two in every row, and add some rows to a plan's."""
    loaded = openpyxl.load_workbook(book)
    sheet = loaded.worksheets[0]
    last = sheet.max_row
    for row in range(2, last + 1):
        if kind is SheetKind.PLAN:
            sheet.cell(row, column(kind, "title")).value += "（修订）"
            sheet.cell(row, column(kind, "weight")).value = "核心"
        else:
            sheet.cell(row, column(kind, "progress")).value = 40
            sheet.cell(row, column(kind, "note")).value = "本季度按计划推进。"
    for number in range(added):
        new_row(title=f"新增任务 {number}")(sheet)
    target = io.BytesIO()
    loaded.save(target)
    target.seek(0)
    return target


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do ``work``, print its CPU seconds (children included) and how long it took."""
    db.session.expire_all()
    before, started = os.times(), time.perf_counter()
    found = work()
    db.session.commit()
    wall, cpu = time.perf_counter() - started, sum(os.times()[:4]) - sum(before[:4])
    print(f"| {what} | {cpu:.1f} s | {wall:.1f} s |", flush=True)
    return found


def measure(kind: SheetKind, scene: Scene, rows: int, added: int) -> None:
    """Go the whole way with one workbook."""
    who = scene.supported_coordinator
    print(f"\n{kind.label}: {rows} rows, {added} new\n")

    def write() -> Any:
        found = queries.plan_tasks([scene.pairing_id], viewer=who)
        return write_task_sheet(kind, (task_row(kind, one) for one in found.tasks), found.people)

    stream = edited(kind, timed("written", write), added)
    table = timed("read", lambda: find_table(read_workbook(stream).sheets, kind))
    sheet: SheetImport = timed(
        "kept",
        lambda: sheet_imports.start_import(
            kind,
            table.rows,
            letters=table.letters,
            remarks=table.remarks,
            pairing_ids=[scene.pairing_id],
            file_name="表格.xlsx",
            sha256="0" * 64,
            actor=who,
        ),
    )
    while sheet.checked < sheet.total:
        timed(
            f"checked from row {sheet.checked}",
            lambda: sheet_imports.check_next(sheet, actor=who),
        )
    done = timed(
        "imported", lambda: sheet_applying.apply_import(sheet, seen_version=None, actor=who)
    )
    assert done
    timed("taken back", lambda: sheet_undoing.undo_import(sheet, actor=who))


def main() -> None:
    """Fill, measure, print a table for docs/performance.md."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=5000)
    options.add_argument("--added", type=int, default=500)
    options.add_argument("--postgres", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        url = f"sqlite:///{folder / 'db.sqlite3'}"
        if asked.postgres:
            url = stack.enter_context(running_server()).create_database("bench")
        app = build_app(url, folder / "instance")
        stack.callback(dispose, app)
        migrate(app)
        with app.app_context():
            scene = make_scene()
            plan = drafting_plan(scene.pairing, scene, with_tasks=False)
            fill(plan, asked.rows)
            measure(SheetKind.PLAN, scene, asked.rows, asked.added)
            plan.state, plan.in_force_at = PlanState.IN_FORCE, clock.now()
            db.session.commit()
            measure(SheetKind.LEDGER, scene, asked.rows, 0)


if __name__ == "__main__":
    main()
