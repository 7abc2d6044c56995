"""The report of a survey: written, handed in, sent back, confirmed by both sides."""

from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import SiteSurvey, SurveyConfirmation, SurveyState, User
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.policies.surveys import REPORT_STATES, can_confirm, can_write_report
from portal.queries.surveys import findings_of
from portal.workflow import check_version, record, transition
from portal.workflow.surveys import WORKFLOW

TEXT_LENGTH = 5000


def write_report(
    survey: SiteSurvey, *, summary: str, advice: str, seen_version: int | None, actor: User
) -> SiteSurvey:
    """Write summary and advice. A change after a confirmation asks both leaders anew.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected for a text that is too long, and for
    an emptied summary once the report was handed in.
    """
    require(can_write_report(actor, survey))
    refuse_unless_writable(survey)
    check_version(survey, seen_version)
    texts = {"summary": summary, "advice": advice}
    wrong = {
        name: f"最多 {TEXT_LENGTH} 个字，现有 {len(text)} 个字。"
        for name, text in texts.items()
        if len(text) > TEXT_LENGTH
    }
    if survey.state is SurveyState.REPORT_DRAFT and not summary:
        wrong["summary"] = "报告已提交，调研小结不能清空。"
    if wrong:
        raise Rejected(wrong)
    if (summary, advice) == (survey.summary, survey.advice):
        return survey
    survey.summary, survey.advice = summary, advice
    report_changed(survey, "修改调研报告", actor=actor)
    db.session.flush()
    return survey


def refuse_unless_writable(survey: SiteSurvey) -> None:
    """Raise StepRefused before the visit and once both sides have confirmed."""
    if survey.state not in REPORT_STATES:
        raise StepRefused(f"实地调研当前状态为“{survey.state.label}”，不能修改调研报告。")


def report_changed(survey: SiteSurvey, title: str, *, actor: User) -> None:
    """Note that what the report says has changed: nobody has confirmed that yet.

    Nothing else may happen to a report that both sides confirmed: raises StepRefused then.
    """
    if survey.state is SurveyState.CONFIRMED:
        raise StepRefused("双方已确认调研报告，内容不能再修改。")
    voided = [(one.side.label, f"{one.name}的确认作废") for one in survey.confirmations]
    survey.confirmations.clear()
    # Nobody confirms what was not shown: a problem alone would not raise the survey's version.
    flag_modified(survey, "created_at")
    tone = "warning" if voided else "neutral"
    record(
        survey,
        "survey",
        action="report_changed",
        title=title,
        actor=actor,
        tone=tone,
        details=voided,
    )


def send_report(survey: SiteSurvey, *, actor: User, seen_version: int | None = None) -> SiteSurvey:
    """Hand the report in: the sheet is locked, both leaders are asked.

    Raises Forbidden, StaleEdit, or StepRefused with what is missing.
    """
    step = WORKFLOW.step("send_report")
    require(step.may(actor, survey))
    if survey.state in step.sources:
        check_version(survey, seen_version)
    transition(WORKFLOW, survey, "send_report", actor=actor)
    survey.return_reason = ""
    db.session.flush()
    return survey


def send_back(
    survey: SiteSurvey, *, reason: str, actor: User, seen_version: int | None = None
) -> SiteSurvey:
    """Send the report back to the field with a reason; confirmations fall.

    Raises Forbidden, StepRefused, StaleEdit, or Rejected without a reason.
    """
    step = WORKFLOW.step("send_back")
    require(step.may(actor, survey))
    if survey.state in step.sources:
        check_version(survey, seen_version)
    transition(WORKFLOW, survey, "send_back", actor=actor, comment=reason)
    survey.return_reason = reason.strip()
    survey.confirmations.clear()
    db.session.flush()
    return survey


def confirm_report(
    survey: SiteSurvey, *, actor: User, seen_version: int | None = None
) -> SiteSurvey:
    """Confirm the report for the actor's side; with the second one it stands for good.

    Raises Forbidden, StepRefused (not handed in, confirmed already), or StaleEdit when the
    report was changed since it was read.
    """
    require(can_confirm(actor, survey))
    if survey.state is not SurveyState.REPORT_DRAFT:
        raise StepRefused(f"实地调研当前状态为“{survey.state.label}”，不能确认报告。")
    check_version(survey, seen_version)
    side = side_of(actor, survey.pairing)
    if side is None or survey.confirmation_of(side) is not None:
        raise StepRefused("本单位已经确认过这份调研报告。")
    now = clock.now()
    survey.confirmations.append(
        SurveyConfirmation(side=side, user=actor, name=actor.name, confirmed_at=now)
    )
    if survey.confirmation_of(side.other) is None:
        title = f"{side.label}确认调研报告"
        record(survey, "survey", action="side_confirmed", title=title, actor=actor, tone="success")
    else:
        with db.session.no_autoflush:
            survey.reported = [finding.kept() for finding in findings_of(survey)]
            transition(WORKFLOW, survey, "confirm", actor=actor)
            survey.confirmed_at = now
    db.session.flush()
    return survey
