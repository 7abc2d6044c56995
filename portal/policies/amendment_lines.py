"""The lines of an amendment: what each is called, whether it still fits, and what it demands.

A line holds what stood there when it was written. If the plan says something else by now, the
line does not fit any more: nothing is approved that both sides did not see.
"""

from collections.abc import Mapping

from portal.models import (
    AmendmentChange,
    Area,
    ChangeKind,
    PlanAmendment,
    Side,
    Task,
    TaskState,
    Weight,
)
from portal.policies.goal_texts import AREA, goal_labels, goal_texts
from portal.policies.task_fields import FIELDS_BY_NAME, TASK_FIELDS

FIXED_FIELDS = tuple(field for field in TASK_FIELDS if field.is_fixed and field.name != "due_on")
"""What an amendment changes of a task; its due date moves by an extension."""

NEW_TASK_FIELDS = TASK_FIELDS
"""What an amendment says of a task that it adds, who is in charge included."""

BY_RESOLUTION = frozenset({ChangeKind.SUSPEND, ChangeKind.CANCEL})
"""What only a resolution of the leadership group can do (domain-facts §12.3)."""

STATE_KINDS = frozenset({ChangeKind.SUSPEND, ChangeKind.RESUME, ChangeKind.CANCEL})

_BEGINNING = frozenset({TaskState.NOT_STARTED, TaskState.IN_PROGRESS})
FITTING_STATES: Mapping[ChangeKind, frozenset[TaskState]] = {
    ChangeKind.CHANGE: _BEGINNING | {TaskState.SUSPENDED},
    ChangeKind.SUSPEND: _BEGINNING,
    ChangeKind.CANCEL: _BEGINNING | {TaskState.SUSPENDED},
    ChangeKind.RESUME: frozenset({TaskState.SUSPENDED}),
}
"""In which states a task can be changed so: what is under review or closed stays as it is."""


def task_name(task: Task) -> str:
    """Return how a task is called in a line."""
    return f"{task.code} {task.title}"


def line_title(line: AmendmentChange) -> str:
    """Return what the line is about, without what it does."""
    if line.task is not None:
        return task_name(line.task)
    if line.kind is ChangeKind.GOAL:
        return area_of(line).label
    return f"{line.after.get('code', '')} {line.after.get('title', '')}".strip()


def area_of(line: AmendmentChange) -> Area:
    """Return the area whose goals the line changes."""
    return Area(line.after[AREA])


def label_of(line: AmendmentChange, name: str) -> str:
    """Return what a field of the line is called."""
    if line.kind is ChangeKind.GOAL:
        return goal_labels(line.amendment.pairing.programme.years)[name]
    return FIELDS_BY_NAME[name].label


def field_names(line: AmendmentChange) -> list[str]:
    """Return the fields the line says something about, in their order."""
    if line.kind is ChangeKind.GOAL:
        known = list(goal_labels(line.amendment.pairing.programme.years))
    else:
        known = list(FIELDS_BY_NAME)
    return [name for name in known if name in line.after]


def unfit(line: AmendmentChange) -> list[str]:
    """Return why the line cannot be carried out as the plan stands now; empty when it can."""
    name = line_title(line)
    if line.task is not None:
        state = line.task.state
        if state not in FITTING_STATES[line.kind]:
            return [f"{name}现为“{state.label}”，不能{line.kind.label}"]
    elif line.kind is ChangeKind.ADD:
        code = line.after.get("code")
        if code and any(task.code == code for task in line.amendment.plan.tasks):
            return [f"{name}已在任务清单中"]
    present = _present(line)
    return [
        f"{name}的“{label_of(line, field)}”在起草后已有变动"
        for field in line.before
        if field in present and present[field] != line.before[field]
    ]


def _present(line: AmendmentChange) -> dict[str, str]:
    """Return what the fields of the line say in the plan now."""
    if line.kind is ChangeKind.GOAL:
        return goal_texts(line.amendment.plan, area_of(line))
    if line.kind is ChangeKind.CHANGE and line.task is not None:
        return {name: FIELDS_BY_NAME[name].show(line.task) for name in line.before}
    return {}


def needs_resolution(amendment: PlanAmendment) -> bool:
    """Whether the amendment suspends or cancels, which the leadership group must have resolved."""
    return any(line.kind in BY_RESOLUTION for line in amendment.changes)


def needs_refiling(amendment: PlanAmendment) -> bool:
    """Whether it changes what the agreement fixed: core tasks, goals, or which tasks there are.

    The agreement is then changed in writing and filed again (domain-facts §12.1, clause 18).
    """
    return any(_is_agreed(line) for line in amendment.changes)


def _is_agreed(line: AmendmentChange) -> bool:
    if line.kind is not ChangeKind.CHANGE:
        return line.kind is not ChangeKind.RESUME
    core = Weight.CORE.label
    is_core = line.task is not None and line.task.weight >= int(Weight.CORE)
    return is_core or core in (line.before.get("weight"), line.after.get("weight"))


def missing_to_propose(amendment: PlanAmendment) -> list[str]:
    """Return what an amendment still lacks before the leaders can be asked."""
    gaps = []
    if not amendment.reason.strip():
        gaps.append("填写调整理由")
    if not amendment.changes:
        gaps.append("至少写一项调整内容")
    if needs_resolution(amendment) and amendment.resolution_id is None:
        gaps.append("暂停或取消任务须有领导小组会议决议：选择已批准纪要中的议定事项")
    return gaps + missing_to_apply(amendment)


def missing_to_apply(amendment: PlanAmendment) -> list[str]:
    """Return each line that does not fit the plan as it stands now, by name."""
    return [sentence for line in amendment.changes for sentence in unfit(line)]


def missing_consents(amendment: PlanAmendment) -> list[str]:
    """Return the sides whose leader has not consented."""
    return [
        f"{amendment.pairing.organisation_on(side).short_name}（{side.label}）负责人尚未同意"
        for side in Side
        if amendment.endorsement_of(side) is None
    ]
