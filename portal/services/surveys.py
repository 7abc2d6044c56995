"""Planning a site survey, changing the plan, going into the field, calling it off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Pairing,
    Side,
    SiteSurvey,
    SurveyDepartment,
    SurveyMember,
    SurveyTemplate,
    User,
)
from portal.policies.decision import require
from portal.policies.surveys import OPEN_STATES, PLAN_STATES, can_fill, can_plan_survey
from portal.services.first_run import load_survey_template
from portal.workflow import check_version, record, transition
from portal.workflow.surveys import WORKFLOW


@dataclass(frozen=True)
class TeamEntry:
    """One person of the visiting or receiving team."""

    name: str
    side: Side
    job_title: str = ""


@dataclass(frozen=True)
class DepartmentEntry:
    """A department to see; once seen, when, and what struck the visitors."""

    name: str
    seen_on: date | None = None
    note: str = ""


@dataclass(frozen=True)
class SurveyEntry:
    """What the form of a survey says."""

    title: str
    starts_on: date
    ends_on: date
    members: Sequence[TeamEntry] = field(default=())
    departments: Sequence[DepartmentEntry] = field(default=())


def plan_survey(pairing: Pairing, entry: SurveyEntry, *, actor: User) -> SiteSurvey:
    """Plan a visit with the current edition of the sheet (H-32).

    Raises Forbidden, StepRefused while another survey of the pairing is open, or Rejected for
    impossible dates and teams.
    """
    require(can_plan_survey(actor, pairing))
    _check(pairing, entry)
    # Two people who plan at once go one after the other.
    db.session.execute(
        sa.select(Pairing.id).where(Pairing.id == pairing.id).with_for_update(key_share=True)
    )
    is_open = SiteSurvey.state.in_(OPEN_STATES)
    if db.session.scalar(
        sa.select(SiteSurvey.id).where(SiteSurvey.pairing_id == pairing.id, is_open)
    ):
        raise StepRefused("本结对已有一次实地调研没有结束，结束或取消后才能安排下一次。")
    now = clock.now()
    survey = SiteSurvey(
        pairing=pairing,
        template=current_template(),
        title=entry.title,
        starts_on=entry.starts_on,
        ends_on=entry.ends_on,
        state_since=now,
        created_by=actor,
        created_at=now,
    )
    _set_lines(survey, entry)
    db.session.add(survey)
    db.session.flush()
    record(
        survey,
        "survey",
        action="planned",
        title="安排实地调研",
        actor=actor,
        tone="info",
        details=[("调研", survey.title), ("时间", _days(entry.starts_on, entry.ends_on))],
    )
    db.session.flush()
    return survey


def current_template() -> SurveyTemplate:
    """Return the edition that new surveys take; the shipped one where none was loaded yet."""
    current = db.session.scalar(sa.select(SurveyTemplate).where(SurveyTemplate.is_current).limit(1))
    return current or load_survey_template()


def edit_survey(
    survey: SiteSurvey, entry: SurveyEntry, *, seen_version: int | None, actor: User
) -> SiteSurvey:
    """Change dates, team and departments until the report is written.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected as plan_survey() does.
    """
    require(can_fill(actor, survey))
    refuse_unless_plannable(survey)
    check_version(survey, seen_version)
    _check(survey.pairing, entry)
    details = list(_changes(survey, entry))
    survey.title = entry.title
    survey.starts_on, survey.ends_on = entry.starts_on, entry.ends_on
    _set_lines(survey, entry)
    # A change of the lines alone would not raise the version.
    flag_modified(survey, "created_at")
    record(survey, "survey", action="edited", title="修改调研安排", actor=actor, details=details)
    db.session.flush()
    return survey


def refuse_unless_plannable(survey: SiteSurvey) -> None:
    """Raise StepRefused once the report was handed in, or the survey was called off."""
    if survey.state not in PLAN_STATES:
        raise StepRefused(f"实地调研当前状态为“{survey.state.label}”，不能修改调研安排。")


def start_survey(survey: SiteSurvey, *, actor: User, seen_version: int | None = None) -> SiteSurvey:
    """Go into the field: the sheet opens. Raises Forbidden, StepRefused or StaleEdit."""
    step = WORKFLOW.step("start")
    require(step.may(actor, survey))
    if survey.state in step.sources:
        check_version(survey, seen_version)
    transition(WORKFLOW, survey, "start", actor=actor)
    db.session.flush()
    return survey


def cancel_survey(
    survey: SiteSurvey, *, reason: str, actor: User, seen_version: int | None = None
) -> SiteSurvey:
    """Call the survey off; what was filled in stays readable.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    step = WORKFLOW.step("cancel")
    require(step.may(actor, survey))
    if survey.state in step.sources:
        check_version(survey, seen_version)
    with db.session.no_autoflush:
        transition(WORKFLOW, survey, "cancel", actor=actor, comment=reason)
        survey.cancel_reason = reason.strip()
    db.session.flush()
    return survey


def _check(pairing: Pairing, entry: SurveyEntry) -> None:
    """Refuse what no visit can be."""
    wrong: dict[str, str] = {}
    programme = pairing.programme
    first = min(programme.issued_on or programme.starts_on, programme.starts_on)
    if entry.ends_on < entry.starts_on:
        wrong["ends_on"] = "结束日期不能早于开始日期。"
    elif entry.starts_on < first or entry.ends_on > programme.ends_on:
        wrong["starts_on"] = f"调研应在帮扶周期内（{first} 至 {programme.ends_on}）。"
    if not any(one.side is Side.SUPPORTING for one in entry.members):
        wrong["members"] = "请至少填写一名帮扶方调研人员。"
    seen: set[tuple[str, Side]] = set()
    for one in entry.members:
        if (one.name, one.side) in seen:
            wrong["members"] = f"{one.name}重复填写。"
        seen.add((one.name, one.side))
    names = [one.name for one in entry.departments]
    if doubled := next((name for name in names if names.count(name) > 1), ""):
        wrong["departments"] = f"{doubled}重复填写。"
    if late := [one for one in entry.departments if one.seen_on and one.seen_on > clock.today()]:
        wrong["departments"] = f"{late[0].name}的走访日期不能晚于今天。"
    if wrong:
        raise Rejected(wrong)


def _set_lines(survey: SiteSurvey, entry: SurveyEntry) -> None:
    """Make team and departments consist of the entry's lines; known ones keep their rows."""
    members = {(one.name, one.side): one for one in survey.members}
    survey.members = [
        members.get((one.name, one.side)) or SurveyMember(name=one.name, side=one.side)
        for one in entry.members
    ]
    for place, (member, person) in enumerate(zip(survey.members, entry.members, strict=True), 1):
        member.position, member.job_title = place, person.job_title
    departments = {one.name: one for one in survey.departments}
    survey.departments = [
        departments.get(one.name) or SurveyDepartment(name=one.name) for one in entry.departments
    ]
    pairs = zip(survey.departments, entry.departments, strict=True)
    for place, (department, line) in enumerate(pairs, 1):
        department.position = place
        department.seen_on, department.note = line.seen_on, line.note


def _changes(survey: SiteSurvey, entry: SurveyEntry) -> Iterable[tuple[str, str]]:
    """Return what an edit changes, in words, before it is applied."""
    if entry.title != survey.title:
        yield "名称", entry.title
    before = _days(survey.starts_on, survey.ends_on)
    after = _days(entry.starts_on, entry.ends_on)
    if before != after:
        yield "时间", f"{before} 改为 {after}"
    if [one.name for one in survey.members] != [one.name for one in entry.members]:
        yield "调研组", "、".join(one.name for one in entry.members)
    if [one.name for one in survey.departments] != [one.name for one in entry.departments]:
        yield "走访科室", "、".join(one.name for one in entry.departments) or "未填"


def _days(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first} 至 {last}"
