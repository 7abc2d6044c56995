"""Writing down what was found: problems, and what of them is not taken on."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import NotVisible, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    Pairing,
    Plan,
    Problem,
    ProblemSource,
    Severity,
    SiteSurvey,
    SurveyItem,
    SurveyState,
    TaskState,
    User,
)
from portal.policies.decision import require
from portal.policies.problems import can_write_problem, why_fixed
from portal.policies.survey_findings import REPORTED, SETTLED
from portal.policies.tasks import EVER_IN_FORCE
from portal.services.survey_reports import report_changed
from portal.workflow import check_version, record

Change = tuple[str, str]


@dataclass(frozen=True)
class ProblemEntry:
    """What the form of a problem says."""

    area: Area
    title: str
    severity: Severity
    source: ProblemSource
    found_on: date
    description: str = ""
    need: str = ""
    goal: str = ""
    survey_id: int | None = None
    item_id: int | None = None


LABELS = {
    "area": "领域",
    "title": "问题",
    "severity": "严重程度",
    "source": "来源",
    "found_on": "发现日期",
    "description": "具体情况",
    "need": "需求",
    "goal": "目标",
}
"""What can be edited, as the form and the history name it; where it was found stays."""


NAMEABLE = (SurveyState.IN_FIELD, SurveyState.REPORT_DRAFT, SurveyState.CONFIRMED)
"""A survey found something only once it was made."""


def add_problem(pairing: Pairing, entry: ProblemEntry, *, actor: User) -> Problem:
    """Write a problem down under the pairing's next number.

    Raises Forbidden, Rejected (a day to come), StepRefused for a survey that was not made, or
    NotVisible for one of another pairing.
    """
    require(can_write_problem(actor, pairing))
    _check_day(entry)
    _check_survey(pairing, entry)
    survey = _hold_survey(entry.survey_id)
    require(can_write_problem(actor, pairing, survey))
    if survey is not None and survey.state not in NAMEABLE:
        raise StepRefused(f"实地调研当前状态为“{survey.state.label}”，不能登记为调研发现的问题。")
    problem = Problem(
        pairing_id=pairing.id,
        number=_next_number(pairing),
        survey_id=entry.survey_id,
        item_id=entry.item_id,
        created_by_id=actor.id,
        created_at=clock.now(),
        **{name: getattr(entry, name) for name in LABELS},
    )
    db.session.add(problem)
    db.session.flush()
    note(problem, "added", "登记问题", [("问题", _name(problem))], actor=actor)
    _tell_report(problem, "调研发现的问题有增加", actor=actor)
    return problem


def edit_problem(
    problem: Problem, entry: ProblemEntry, *, seen_version: int | None, actor: User
) -> bool:
    """Make ``problem`` say what ``entry`` says; return whether anything changed.

    The caller has locked the row. Raises Forbidden, StepRefused once it is solved or not taken
    on, StaleEdit or Rejected.
    """
    require_writer(problem, actor=actor)
    refuse_unless_open(problem)
    check_version(problem, seen_version)
    _check_day(entry)
    reported = [name for name in REPORTED if getattr(problem, name) != getattr(entry, name)]
    settled = [name for name in reported if name in SETTLED]
    if settled and is_reported(problem):
        raise Rejected(dict.fromkeys(settled, "调研报告已经双方确认，这一项不能再改。"))
    changes = []
    for name, label in LABELS.items():
        before, after = getattr(problem, name), getattr(entry, name)
        if before != after:
            changes.append((label, f"{_said(before)} → {_said(after)}"))
            setattr(problem, name, after)
    if changes:
        db.session.flush()
        note(problem, "edited", "修改问题", changes, actor=actor)
    if reported:
        _tell_report(problem, "调研发现的问题有修改", actor=actor)
    return bool(changes)


def refuse_unless_open(problem: Problem) -> None:
    """Raise StepRefused for a problem whose words no longer change."""
    if reason := why_fixed(problem):
        raise StepRefused(reason)


def dismiss_problem(
    problem: Problem, *, reason: str, seen_version: int | None, actor: User
) -> None:
    """Say that the assistance does not take the problem on, and why.

    Raises Forbidden, Rejected without a reason, StaleEdit, or StepRefused while tasks answer it.
    """
    require_writer(problem, actor=actor)
    if problem.dismissed_at is not None:
        raise StepRefused("问题已标为不列入帮扶。")
    check_version(problem, seen_version)
    if not reason.strip():
        raise Rejected({"reason": "请填写不列入帮扶的原因。"})
    if any(answer.task.state is not TaskState.CANCELLED for answer in problem.answers):
        raise StepRefused("已有任务解决这个问题。不列入帮扶前，请先取消与任务的对应。")
    problem.dismissed_at, problem.dismissed_by = clock.now(), actor
    problem.dismissed_reason = reason.strip()
    db.session.flush()
    record(
        problem,
        "problem",
        action="dismissed",
        title="问题不列入帮扶",
        actor=actor,
        comment=reason.strip(),
        tone="warning",
    )
    _tell_report(problem, "调研发现的问题有减少", actor=actor)


def take_back(problem: Problem, *, actor: User) -> None:
    """Take a problem on after all. Raises Forbidden, or StepRefused if it was never dismissed."""
    require_writer(problem, actor=actor)
    if problem.dismissed_at is None:
        raise StepRefused("问题本来就列入帮扶。")
    problem.dismissed_at = problem.dismissed_by = None
    problem.dismissed_reason = ""
    db.session.flush()
    note(problem, "taken_back", "恢复列入帮扶", [], actor=actor)
    _tell_report(problem, "调研发现的问题有增加", actor=actor)


def remove_problem(problem: Problem, *, actor: User) -> None:
    """Delete a problem that was written down by mistake.

    Raises Forbidden, or StepRefused once a task answers it, a confirmed report names it or the
    plan was ever in force: from then on the record stays.
    """
    require_writer(problem, actor=actor)
    if reason := why_kept(problem):
        raise StepRefused(reason)
    pairing, name = problem.pairing, _name(problem)
    _tell_report(problem, "调研发现的问题有减少", actor=actor)
    db.session.delete(problem)
    db.session.flush()
    record(
        pairing,
        "pairing",
        action="problem_removed",
        title="删除登记有误的问题",
        actor=actor,
        details=[("问题", name)],
    )


def why_kept(problem: Problem) -> str:
    """Return why ``problem`` cannot be deleted, as a sentence; empty when it can."""
    if problem.answers:
        return "问题已对应任务，不能删除；确不需要的，可以标为不列入帮扶。"
    if is_reported(problem):
        return "问题已写入双方确认的调研报告，不能删除；确不需要的，可以标为不列入帮扶。"
    state = db.session.scalar(sa.select(Plan.state).where(Plan.pairing_id == problem.pairing_id))
    if state in EVER_IN_FORCE:
        return "三年帮扶工作计划已经执行，问题不能删除；确不需要的，可以标为不列入帮扶。"
    return ""


def is_reported(problem: Problem) -> bool:
    """Whether the problem stands in a report that both sides have confirmed."""
    survey = problem.survey
    return survey is not None and problem.id in {one["id"] for one in survey.reported}


def require_writer(problem: Problem, *, actor: User) -> None:
    """Raise Forbidden unless ``actor`` may write ``problem``, whose survey's row is held from here.

    Whoever confirms the report holds the same row: one goes after the other.
    """
    survey = _hold_survey(problem.survey_id)
    require(can_write_problem(actor, problem.pairing, survey))


def _hold_survey(survey_id: int | None) -> SiteSurvey | None:
    """Return the survey, its row held until the end of the transaction and read anew."""
    if survey_id is None:
        return None
    return db.session.get_one(SiteSurvey, survey_id, with_for_update=True, populate_existing=True)


def _tell_report(problem: Problem, title: str, *, actor: User) -> None:
    """Let the report that names the problem be confirmed anew, while it waits for that.

    A report that both sides confirmed names what was known then; later problems are no part of it.
    """
    survey = problem.survey
    if survey is not None and survey.state is SurveyState.REPORT_DRAFT:
        report_changed(survey, title, actor=actor)


def _next_number(pairing: Pairing) -> int:
    """Return the pairing's next number; two people who add go one after the other."""
    db.session.execute(
        sa.select(Pairing.id).where(Pairing.id == pairing.id).with_for_update(key_share=True)
    )
    highest = db.session.scalar(
        sa.select(sa.func.max(Problem.number)).where(Problem.pairing_id == pairing.id)
    )
    return (highest or 0) + 1


def _check_day(entry: ProblemEntry) -> None:
    if entry.found_on > clock.today():
        raise Rejected({"found_on": "发现日期不能晚于今天。"})


def _check_survey(pairing: Pairing, entry: ProblemEntry) -> None:
    """Raise NotVisible unless survey and item belong together and to ``pairing``."""
    if entry.survey_id is None and entry.item_id is None:
        return
    found = sa.select(SiteSurvey.id).where(
        SiteSurvey.id == entry.survey_id, SiteSurvey.pairing_id == pairing.id
    )
    if entry.item_id is not None:
        found = found.join(SurveyItem, SurveyItem.template_id == SiteSurvey.template_id).where(
            SurveyItem.id == entry.item_id
        )
    if db.session.scalar(found) is None:
        raise NotVisible()


def note(problem: Problem, action: str, title: str, details: list[Change], *, actor: User) -> None:
    """Write one event of the problem's history."""
    record(problem, "problem", action=action, title=title, actor=actor, details=details)


def _said(value: object) -> str:
    """Return a value in words; long texts are cut."""
    text = str(getattr(value, "label", value)) or "未填"
    return text if len(text) <= 60 else f"{text[:60]}…"


def _name(problem: Problem) -> str:
    return f"{problem.number}. {problem.title}"
