"""The library in the demonstration: a draft that waits for its publication, and one example."""

from dataclasses import replace
from datetime import date
from typing import Any

from portal import clock
from portal.demo.cast import account
from portal.demo.story import Story
from portal.models import Area, LibraryEdition, LibraryTask, Recurrence
from portal.queries.library import library_tasks
from portal.services import library_editions, library_examples
from portal.services.library_tasks import (
    StandardEntry,
    add_standard_task,
    edit_standard_task,
    leave_out,
)


def show_example(story: Story, code: str, day: date) -> None:
    """Let the centre tell others how one closed task was done."""
    with clock.at(day, 15):
        library_examples.promote_example(
            story.task(code),
            summary=(
                "帮扶方先提供本院制度汇编作样本，双方逐条对照标准改写；分管院长每两周调度一次，"
                "两个月内完成印发，随后组织全科人员学习并考核。关键是先定责任科室、再定时间表。"
            ),
            names_hospitals=True,
            actor=account("zhongxin-reviewer"),
        )


def draft_next_edition(day: date) -> LibraryEdition:
    """Let the centre draft the edition of 2021: three texts change, one task comes, one goes."""
    reviewer = account("zhongxin-reviewer")
    with clock.at(day, 9):
        draft = library_editions.start_draft(actor=reviewer)
    tasks = {task.code: task for task in library_tasks(edition=draft.edition)}
    with clock.at(day, 10):
        for code, changed in CHANGES.items():
            entry = replace(_entry(tasks[code]), **changed)
            edit_standard_task(tasks[code], entry, seen_version=None, actor=reviewer)
    with clock.at(day, 11):
        add_standard_task(draft, NEW_TASK, actor=reviewer)
        leave_out(tasks["D-15"], actor=reviewer)
    return draft


def _entry(task: LibraryTask) -> StandardEntry:
    """Return what the form of ``task`` says."""
    values = {name: getattr(task, name) for name in StandardEntry.__dataclass_fields__}
    for name in ("evidence", "checks", "base_kinds", "item_keys"):
        values[name] = tuple(values[name])
    values["milestones"] = tuple((title, months) for title, months in task.milestones)
    return StandardEntry(**values)


CHANGES: dict[str, dict[str, Any]] = {
    "A-02": {
        "measures": "帮扶方提供科室设置方案和岗位职责样本，派管理人员驻点一周指导筹建。",
        "milestones": (("建科方案提交院长办公会", 2), ("科室成立文件印发", 4)),
    },
    "A-03": {
        "criteria": (
            "全科门诊诊室不少于2间，其中至少1间为全科教学门诊；出诊安排覆盖每个工作日，"
            "教学门诊每周不少于2个半天。"
        ),
    },
    "B-05": {"due_months": 8},
}
NEW_TASK = StandardEntry(
    code="E-08",
    area=Area.FACULTY,
    title="建立师资带教质量反馈机制",
    description="每季度汇总学员对带教师资的评价，向师资本人反馈并用于评聘。",
    criteria="每季度有汇总和反馈记录；连续两次评价不合格的师资已暂停带教。",
    measures="帮扶方提供评价表样本，并参加首次反馈会。",
    evidence=("季度评价汇总表", "反馈记录"),
    weight=2,
    due_months=12,
    recurrence=Recurrence.YEARLY,
    milestones=(),
    checks=("document",),
    base_kinds=("gp_residency", "assistant_gp", "gp_transfer"),
    basis="通知二（五）；频次为门户建议值",
    verified=False,
    item_keys=(),
)
