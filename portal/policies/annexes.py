"""What each of the seven annexes of an agreement says (domain-facts §12.1).

An annex is plain text and one table, ``{"text": […], "columns": […], "rows": [[…]]}``, every
cell a string: so it is kept, compared, hashed and printed the same way everywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from portal import reference_data
from portal.models import (
    Area,
    LeadershipGroup,
    Pairing,
    Plan,
    Scheme,
    Side,
    SiteSurvey,
    SurveyAnswer,
    SurveyItem,
    SurveyItemKind,
    Task,
    TaskState,
    User,
)
from portal.policies.agreement_words import chinese_date

Content = dict[str, Any]
BLANK = "＿＿＿＿＿＿"
"""Stands where something is written by hand on the signed paper."""

TASK_AREA = 1
"""The column of the task list that names the area."""
PERSONS = ("帮扶方责任人", "受援方责任人")
"""The columns of the task list that name who is in charge."""


def plan_annex(plan: Plan | None) -> Content:
    """Annex 1: goals by area and year, each followed by the area's figures (H-33)."""
    if plan is None:
        return _content(["尚未制定三年帮扶工作计划。"])
    years = plan.pairing.programme.years
    goals = {(goal.area, goal.year): goal.goal.strip() for goal in plan.goals}
    rows = []
    for area in Area:
        texts = [goals.get((area, year), "") for year in years]
        rows.append([area.label, "工作目标", "", *texts])
        for figure in plan.figures:
            if figure.area is area:
                name = f"{figure.name}（{figure.unit}）" if figure.unit else figure.name
                targets = [str(figure.targets.get(str(year)) or "") for year in years]
                rows.append([area.label, name, number(figure.baseline), *targets])
    term = f"计划期限：自{chinese_date(plan.starts_on)}起至{chinese_date(plan.ends_on)}止。"
    columns = ["方面", "目标或指标", "基线", *(f"第{year}年" for year in years)]
    return _content([term], columns, rows)


def tasks_annex(plan: Plan | None) -> Content:
    """Annex 2: the task list, without what a resolution has cancelled (H-33)."""
    if plan is None:
        return _content(["尚未制定任务清单。"])
    tasks = [task for task in plan.tasks if task.state is not TaskState.CANCELLED]
    counts = [f"{area.label}{sum(t.area is area for t in tasks)}项" for area in Area]
    columns = ["编号", "方面", "任务", "验收标准", "佐证材料", "完成时限", *PERSONS]
    return _content(
        [f"共{len(tasks)}项，其中{'、'.join(counts)}。"], columns, [_task_row(t) for t in tasks]
    )


def _task_row(task: Task) -> list[str]:
    persons = []
    for side in Side:
        owner = task.owner_on(side)
        persons.append(owner.name if owner else getattr(task, f"{side.value}_person"))
    return [
        task.code,
        task.area.label,
        task.title,
        task.criteria,
        "；".join(one.name for one in task.requirements),
        chinese_date(task.due_on),
        *persons,
    ]


def group_annex(group: LeadershipGroup | None, pairing: Pairing) -> Content:
    """Annex 3: who is in the leadership group (H-30)."""
    members = group.current_members if group else []
    if not members:
        return _content(["帮扶领导小组尚未成立。"])
    rows = [
        [m.role.label, m.name, pairing.organisation_on(m.side).name, m.job_title, m.duty.label]
        for m in members
    ]
    return _content([], ["小组职务", "姓名", "单位", "院内职务", "身份"], rows)


def contacts_annex(coordinators: Iterable[User], pairing: Pairing) -> Content:
    """Annex 4: the coordinators of both sides. The portal keeps no telephone numbers."""
    found = list(coordinators)
    rows = []
    for side in Side:
        hospital = pairing.organisation_on(side)
        own = [user for user in found if user.organisation_id == hospital.id]
        rows += [[side.label, hospital.name, u.name, u.position, BLANK] for u in own] or [
            [side.label, hospital.name, BLANK, BLANK, BLANK]
        ]
    note = "联系人为双方基地管理员；联系电话由双方在纸质协议上填写，门户不保存电话号码。"
    return _content([note], ["方", "单位", "姓名", "职务", "联系电话"], rows)


def baseline_annex(survey: SiteSurvey | None, answers: Sequence[SurveyAnswer]) -> Content:
    """Annex 5: what the last survey that both sides confirmed found (§12.2)."""
    if survey is None or survey.confirmed_at is None:
        return _content(["尚无双方确认的实地调研，基线数据待调研后补充。"])
    days = f"{chinese_date(survey.starts_on)}至{chinese_date(survey.ends_on)}"
    rows = [
        [answer.item.section, _item_label(answer), _answer_text(answer), answer.note]
        for answer in sorted(answers, key=lambda one: (one.item.position, one.id))
        if answer.value.strip() or answer.number is not None
    ]
    source = f"数据来自“{survey.title}”（{days}），双方负责人已确认。"
    return _content([source], ["部分", "项目", "数据", "说明"], rows)


def _item_label(answer: SurveyAnswer) -> str:
    """Return the question; of a table, with the names of row and column."""
    item = answer.item
    if not answer.cell:
        return item.label
    row, _, column = answer.cell.partition(".")
    names = [_option(item, "rows", row), _option(item, "columns", column)]
    return f"{item.label}：{'，'.join(name for name in names if name)}"


def _option(item: SurveyItem, part: str, key: str) -> str:
    """Return what a row, column or choice of ``item`` is called; its key where nobody said."""
    options = item.options.get(part) if isinstance(item.options, dict) else None
    pairs = [one for one in options or [] if isinstance(one, list) and len(one) > 1]
    return next((str(one[1]) for one in pairs if one[0] == key), key)


def _answer_text(answer: SurveyAnswer) -> str:
    item, value = answer.item, answer.value.strip()
    if item.kind is SurveyItemKind.YES_NO:
        return {"yes": "是", "no": "否", "true": "是", "false": "否"}.get(value, value)
    if item.kind is SurveyItemKind.CHOICE:
        return _option(item, "choices", value)
    if answer.number is None:
        return value
    unit = "%" if item.kind is SurveyItemKind.PERCENT else item.unit
    return f"{number(answer.number)}{unit}"


def assessment_annex(scheme: Scheme | None) -> Content:
    """Annex 6: by which items both sides are assessed each year (H-37)."""
    if scheme is None:
        return _content(["本帮扶周期尚未指定年度考核指标，以省卫生健康委确定的指标为准。"])
    text = [f"{scheme.title}。"]
    if not scheme.verified:
        text.append("指标与分值须经省卫生健康委审定后使用。")
    rows = [
        [item.code, item.title, number(item.points), item.side.label, item.mode.label]
        for item in scheme.items
    ]
    return _content(text, ["编号", "指标", "分值", "考核对象", "评分方式"], rows)


def security_annex(pairing: Pairing) -> Content:
    """Annex 7: what both hospitals promise about data; the words stand in the data file."""
    facts = {"supporting": pairing.supporting.name, "supported": pairing.supported.name}
    lines = reference_data.load("agreement_clauses")["security"]["text"]
    return _content([str(line).format_map(facts) for line in lines])


def number(value: Decimal | None) -> str:
    """Write a figure without needless zeros; empty where there is none."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_empty(content: Mapping[str, Any]) -> bool:
    """Whether the annex says nothing that binds anybody: no row, where it should have some."""
    return not content.get("rows")


def binding_part(content: Mapping[str, Any] | None) -> list[list[str]]:
    """Return the rows without the persons in charge, who change without a signature."""
    if content is None:
        return []
    shown = [at for at, name in enumerate(content["columns"]) if name not in PERSONS]
    return [[row[at] for at in shown] for row in content["rows"]]


def task_areas(content: Mapping[str, Any]) -> set[Area]:
    """Return the areas in which the task list of annex 2 has a task."""
    named = {row[TASK_AREA] for row in content.get("rows", []) if len(row) > TASK_AREA}
    return {area for area in Area if area.label in named}


def _content(
    text: Sequence[str], columns: Sequence[str] = (), rows: Sequence[Sequence[str]] = ()
) -> Content:
    return {"text": list(text), "columns": list(columns), "rows": [list(row) for row in rows]}
