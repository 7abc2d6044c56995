"""Core tasks left out of a plan because their target is met already (§10.1, count check)."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import Evidence, LibraryTask, MetTarget, Plan, SiteSurvey, Task, User
from portal.policies.evidence import why_not_counted
from portal.services.plan_changes import note_change, open_for_change
from portal.services.texts import demand

STATEMENT_LENGTH = 2000


@dataclass(frozen=True)
class MetEntry:
    """What shows that a standard task's target is met."""

    statement: str
    met_on: date
    evidence: Evidence | None = None
    survey: SiteSurvey | None = None


def add_met_target(plan: Plan, standard: LibraryTask, entry: MetEntry, *, actor: User) -> MetTarget:
    """Leave ``standard`` out of the plan with a statement and its proof.

    Raises Forbidden, StepRefused (locked, or the task is in the plan) or Rejected.
    """
    open_for_change(plan, actor=actor)
    statement = demand(
        entry.statement, "statement", "请写明已达到的程度，如文号、数据和时间。", STATEMENT_LENGTH
    )
    _check(plan, entry)
    taken = (
        sa.select(Task.id)
        .join(LibraryTask, LibraryTask.id == Task.library_task_id)
        .where(Task.plan_id == plan.id, LibraryTask.code == standard.code)
    )
    if db.session.scalar(taken.limit(1)) is not None:
        raise StepRefused(f"{standard.code} {standard.title}已在任务清单中，不能同时登记为已达标。")
    if any(one.library_task.code == standard.code for one in plan.met_targets):
        raise StepRefused(f"{standard.code} {standard.title}已登记为已达标。")
    target = MetTarget(
        plan=plan,
        library_task=standard,
        statement=statement,
        met_on=entry.met_on,
        evidence=entry.evidence,
        survey=entry.survey,
        added_by=actor,
        added_at=clock.now(),
    )
    db.session.add(target)
    db.session.flush()
    note_change(plan, "登记核心任务已达标", _details(target), actor=actor)
    return target


def withdraw_met_target(target: MetTarget, *, actor: User) -> None:
    """Take the entry back while the plan is drawn up. Raises Forbidden or StepRefused."""
    plan = target.plan
    open_for_change(plan, actor=actor)
    details = _details(target)
    db.session.delete(target)
    db.session.flush()
    db.session.expire(plan, ["met_targets"])
    note_change(plan, "撤回已达标登记", details, actor=actor)


def _check(plan: Plan, entry: MetEntry) -> None:
    """Raise Rejected unless something of this pairing shows it."""
    wrong: dict[str, str] = {}
    if entry.evidence is None and entry.survey is None:
        wrong["evidence"] = "请选择一件佐证材料，或选择实地调研。"
    elif entry.evidence and (why := why_not_counted(entry.evidence, clock.today())):
        wrong["evidence"] = f"这份材料{why}，不能作为已达标的依据。"
    if entry.met_on > clock.today():
        wrong["met_on"] = "达标日期不能晚于今天。"
    if wrong:
        raise Rejected(wrong)


def _details(target: MetTarget) -> list[tuple[str, str]]:
    """Return the entry in words."""
    proof = target.evidence.title if target.evidence else ""
    seen_at = target.survey.title if target.survey else ""
    return [
        ("任务", f"{target.library_task.code} {target.library_task.title}"),
        ("达标情况", target.statement),
        ("依据", "、".join(one for one in (proof, seen_at) if one)),
    ]
