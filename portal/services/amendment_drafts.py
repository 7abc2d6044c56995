"""Writing an amendment: started, its reason, its lines. Nothing of the plan changes by it.

Whatever is written while leaders have consented takes their consents away: what they consented
to is no longer what stands there.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    AmendmentChange,
    AmendmentState,
    Area,
    ChangeKind,
    LibraryTask,
    Meeting,
    MeetingState,
    Plan,
    PlanAmendment,
    PlanState,
    Resolution,
    Task,
    User,
    Weight,
)
from portal.policies.amendment_lines import FITTING_STATES, STATE_KINDS, area_of, line_title
from portal.policies.amendment_texts import changed_texts, new_task_texts
from portal.policies.amendments import OPEN_STATES, can_edit_amendment, can_start_amendment
from portal.policies.decision import require
from portal.policies.goal_texts import AREA, goal_texts, read_goals
from portal.policies.recurrence import occurrences, steps_of
from portal.policies.task_fields import FIELDS_BY_NAME, show_day, show_steps
from portal.queries.plans import people_of
from portal.services.plan_changes import lock
from portal.services.plan_versions import ensure_version
from portal.workflow import check_version, record, transition
from portal.workflow.amendments import AMENDMENT

MAX_REASON = 2000


def start_amendment(plan: Plan, *, actor: User) -> PlanAmendment:
    """Start an amendment of a plan in force, or return the one that is open already.

    The first one keeps the plan as it stands before it, where nothing was kept at filing.
    Raises Forbidden or StepRefused.
    """
    require(can_start_amendment(actor, plan))
    lock(plan)
    if plan.state is not PlanState.IN_FORCE:
        raise StepRefused(f"计划当前状态为“{plan.state.label}”，只有执行中的计划可以提出调整。")
    known = sa.select(PlanAmendment).where(PlanAmendment.plan_id == plan.id)
    standing = db.session.scalar(known.where(PlanAmendment.state.in_(OPEN_STATES)))
    if standing is not None:
        return standing
    ensure_version(plan, actor=actor)
    highest = db.session.scalar(
        sa.select(sa.func.max(PlanAmendment.number)).where(PlanAmendment.plan_id == plan.id)
    )
    amendment = PlanAmendment(
        plan=plan,
        pairing=plan.pairing,
        number=(highest or 0) + 1,
        state_since=clock.now(),
        created_by=actor,
        created_at=clock.now(),
    )
    db.session.add(amendment)
    db.session.flush()
    record(amendment, "amendment", action="started", title="起草计划调整", actor=actor)
    return amendment


def save_reason(
    amendment: PlanAmendment,
    *,
    reason: str,
    resolution_id: int | None,
    seen_version: int | None = None,
    actor: User,
) -> None:
    """Write why, and by which resolution. Raises Forbidden, StepRefused, StaleEdit or Rejected."""
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    reason = reason.strip()
    if not reason:
        raise Rejected({"reason": "请写明为什么调整。"})
    if len(reason) > MAX_REASON:
        raise Rejected({"reason": f"最多 {MAX_REASON} 个字，现有 {len(reason)} 个字。"})
    if resolution_id is not None and not _is_approved(amendment, resolution_id):
        raise Rejected({"resolution": "请选择本结对已批准会议纪要中的议定事项。"})
    _begin(amendment, actor)
    amendment.reason, amendment.resolution_id = reason, resolution_id
    _note(amendment, [("调整理由", reason)], actor)
    db.session.expire(amendment, ["resolution"])


def _is_approved(amendment: PlanAmendment, resolution_id: int) -> bool:
    """Whether it is a resolution of approved minutes of this pairing."""
    found = (
        sa.select(Resolution.id)
        .join(Resolution.meeting)
        .where(
            Resolution.id == resolution_id,
            Meeting.pairing_id == amendment.pairing_id,
            Meeting.state == MeetingState.APPROVED,
        )
    )
    return db.session.scalar(found) is not None


def change_task(
    amendment: PlanAmendment,
    task: Task,
    texts: Mapping[str, str],
    *,
    note: str = "",
    seen_version: int | None = None,
    actor: User,
) -> AmendmentChange | None:
    """Let the amendment change ``task`` to what ``texts`` say; None where nothing differs.

    A line that was there about the same task is written anew. Raises Forbidden, StepRefused,
    StaleEdit, or Rejected by the name of the field.
    """
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    refuse_unfit(ChangeKind.CHANGE, task)
    before, after = changed_texts(task, texts)
    line = _line_about(amendment, ChangeKind.CHANGE, task)
    if line is None and not after:
        return None
    _begin(amendment, actor)
    if not after:
        _note(amendment, [("移除", f"修改 {_named(task)}")], actor)
        _drop(amendment, line)
        return None
    if line is None:
        line = _add(amendment, ChangeKind.CHANGE, task=task)
    line.before, line.after, line.note = before, after, note.strip()
    labels = "、".join(FIELDS_BY_NAME[name].label for name in after)
    _note(amendment, [("修改任务", f"{_named(task)}：{labels}")], actor)
    return line


def add_task(
    amendment: PlanAmendment,
    texts: Mapping[str, str],
    *,
    seen_version: int | None = None,
    actor: User,
) -> AmendmentChange:
    """Let the amendment add a task of the pairing's own. Raises as :func:`change_task`."""
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    after = new_task_texts(amendment.plan, texts, people_of(amendment.pairing))
    _begin(amendment, actor)
    _note(amendment, [("新增任务", after["title"])], actor)
    return _add(amendment, ChangeKind.ADD, after=after)


def add_from_library(
    amendment: PlanAmendment,
    picked: Sequence[LibraryTask],
    *,
    starts_on: date | None,
    seen_version: int | None = None,
    actor: User,
) -> int:
    """Let the amendment add standard tasks, dates counted from ``starts_on``; return how many.

    What the plan or the amendment contains already, or has as met, is left as it is. Raises
    Forbidden, StepRefused, StaleEdit, or Rejected (nothing chosen, a day outside the plan).
    """
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    plan = amendment.plan
    first = starts_on or max(plan.starts_on, min(clock.today(), plan.ends_on))
    if not picked:
        raise Rejected({"task": "请至少勾选一项标准任务。"})
    if not plan.starts_on <= first <= plan.ends_on:
        raise Rejected({"starts_on": f"起算日应在计划期内（至 {plan.ends_on}）。"})
    _begin(amendment, actor)
    there = {task.code for task in plan.tasks}
    there |= {line.after.get("code", "") for line in amendment.changes}
    added = 0
    met = {one.library_task.code for one in plan.met_targets}
    for standard in picked:
        if standard.code in met:
            continue
        for one in occurrences(
            standard,
            starts_on=first,
            plan_starts_on=plan.starts_on,
            plan_ends_on=plan.ends_on,
        ):
            if one.code not in there:
                _add(amendment, ChangeKind.ADD, after=_standard_texts(standard, one))
                added += 1
    _note(amendment, [("从标准任务库新增", f"{added} 项")], actor)
    return added


def _standard_texts(standard: LibraryTask, one: Any) -> dict[str, Any]:
    """Return what the line says of an occurrence of a standard task."""
    return {
        "code": one.code,
        "library_task_id": standard.id,
        "area": standard.area.label,
        "title": one.title,
        "description": standard.description,
        "measures": standard.measures,
        "criteria": standard.criteria,
        "weight": Weight(str(standard.weight)).label,
        "year": f"第{one.year}年",
        "starts_on": show_day(one.starts_on),
        "due_on": show_day(one.due_on),
        "evidence": "\n".join(standard.evidence),
        "milestones": show_steps(steps_of(standard, one.starts_on, one.due_on)),
    }


def change_goals(
    amendment: PlanAmendment,
    area: Area,
    texts: dict[str, str],
    *,
    seen_version: int | None = None,
    actor: User,
) -> AmendmentChange | None:
    """Let the amendment change an area's goals and figures; None where nothing differs."""
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    kept, wrong = read_goals(texts, amendment.pairing.programme.years)
    if wrong:
        raise Rejected(wrong)
    present = goal_texts(amendment.plan, area)
    after = {name: text for name, text in kept.items() if text != present[name]}
    goals = (one for one in amendment.changes if one.kind is ChangeKind.GOAL)
    line = next((one for one in goals if area_of(one) is area), None)
    if line is None and not after:
        return None
    _begin(amendment, actor)
    _note(amendment, [("目标", area.label if after else f"{area.label}（移除）")], actor)
    if not after:
        _drop(amendment, line)
        return None
    if line is None:
        line = _add(amendment, ChangeKind.GOAL)
    line.before = {AREA: area.value, **{name: present[name] for name in after}}
    line.after = {AREA: area.value, **after}
    db.session.flush()
    return line


def rest_tasks(
    amendment: PlanAmendment,
    kind: ChangeKind,
    tasks: Sequence[Task],
    *,
    seen_version: int | None = None,
    actor: User,
) -> int:
    """Let the amendment suspend, resume or cancel ``tasks``; return how many lines it made.

    Of these three a task gets one: the last one counts. Raises Forbidden, StepRefused,
    StaleEdit, or Rejected where nothing is chosen.
    """
    if kind not in STATE_KINDS:
        raise ValueError(f"{kind.value} does not move a task's state")
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    if not tasks:
        raise Rejected({"task": "请至少勾选一项任务。"})
    for task in tasks:
        refuse_unfit(kind, task)
    _begin(amendment, actor)
    for task in tasks:
        for other in STATE_KINDS:
            if (line := _line_about(amendment, other, task)) is not None:
                _drop(amendment, line)
        _add(amendment, kind, task=task)
    _note(amendment, [(kind.label, _named(task)) for task in tasks], actor)
    return len(tasks)


def remove_line(line: AmendmentChange, *, seen_version: int | None = None, actor: User) -> None:
    """Take a line off the amendment. Raises Forbidden, StepRefused or StaleEdit."""
    amendment = line.amendment
    open_for_edit(amendment, actor=actor, seen_version=seen_version)
    _begin(amendment, actor)
    _note(amendment, [("移除", f"{line.kind.label} {line_title(line)}")], actor)
    _drop(amendment, line)


def open_for_edit(
    amendment: PlanAmendment, *, actor: User, seen_version: int | None = None
) -> None:
    """Lock the amendment for a change by a coordinator.

    Raises Forbidden, StepRefused (approved or withdrawn), or StaleEdit.
    """
    require(can_edit_amendment(actor, amendment))
    hold(amendment)
    if amendment.state not in OPEN_STATES:
        raise StepRefused(f"计划调整当前状态为“{amendment.state.label}”，不能再修改。")
    check_version(amendment, seen_version)


def _begin(amendment: PlanAmendment, actor: User) -> None:
    """Begin to write into an amendment that is open: the consents given to it fall.

    Only once everything typed was found right: a refused form must leave no newer version.
    """
    if amendment.state is not AmendmentState.DRAFTING:
        transition(AMENDMENT, amendment, "reopen", actor=actor)
    amendment.endorsements.clear()
    # What the lines say is part of what two people edit and leaders consent to.
    flag_modified(amendment, "created_at")
    db.session.flush()


def _note(amendment: PlanAmendment, details: list[tuple[str, str]], actor: User) -> None:
    """Write what was edited into the amendment's history."""
    db.session.flush()
    record(
        amendment,
        "amendment",
        action="edited",
        title="修改调整内容",
        actor=actor,
        details=details,
    )


def _named(task: Task) -> str:
    return f"{task.code} {task.title}"


def hold(amendment: PlanAmendment) -> None:
    """Hold the plan's row until the transaction ends, and read the amendment anew."""
    lock(amendment.plan)
    db.session.refresh(amendment)


def refuse_unfit(kind: ChangeKind, task: Task) -> None:
    """Refuse a task whose state does not allow ``kind`` now. Raises StepRefused."""
    db.session.refresh(task)
    if task.state not in FITTING_STATES[kind]:
        raise StepRefused(f"{_named(task)}当前状态为“{task.state.label}”，不能{kind.label}。")


def _line_about(amendment: PlanAmendment, kind: ChangeKind, task: Task) -> AmendmentChange | None:
    lines = (one for one in amendment.changes if one.kind is kind)
    return next((one for one in lines if one.task_id == task.id), None)


def _add(amendment: PlanAmendment, kind: ChangeKind, **values: Any) -> AmendmentChange:
    """Add a line behind the others."""
    last = max((one.position for one in amendment.changes), default=0)
    line = AmendmentChange(position=last + 1, kind=kind, **values)
    amendment.changes.append(line)
    db.session.flush()
    return line


def _drop(amendment: PlanAmendment, line: AmendmentChange | None) -> None:
    """Take a line off, where there is one."""
    if line is None:
        return
    amendment.changes.remove(line)
    db.session.flush()
