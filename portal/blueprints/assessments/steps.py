"""Writing: self scores, review scores, and every step of an assessment's way."""

from collections.abc import Callable

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.assessments import bp
from portal.blueprints.assessments.forms import (
    AnswerAppealForm,
    AppealForm,
    AssignExpertForm,
    ReturnSelfForm,
    ReviewSheetForm,
    SelfSheetForm,
)
from portal.blueprints.assessments.page import review_form_for, self_form_for, sheet_page
from portal.errors import NotVisible, Rejected, StaleEdit, StepRefused
from portal.models import Assessment
from portal.policies import assessments as policies
from portal.policies.decision import require
from portal.queries.assessment_sheet import sheet_of
from portal.queries.assessments import experts_to_assign, get_assessment
from portal.services import assessment_reviews, assessments
from portal.services.sheet_entries import SheetConflict
from portal.web.accounts import actor
from portal.web.address import id_of
from portal.web.forms import PortalForm
from portal.web.requests import leave_to, writes

Answer = Response | tuple[str, int]


@bp.post("/assessments/<int:assessment_id>/self")
@writes
def save_self(assessment_id: int) -> Answer:
    """Keep the self scores as a draft."""
    return _save_self(get_assessment(assessment_id, viewer=actor()))


@bp.post("/assessments/<int:assessment_id>/self/submit")
@writes
def submit_self(assessment_id: int) -> Answer:
    """Keep what was typed, then hand in this side; what is missing is said, nothing is lost."""
    assessment = get_assessment(assessment_id, viewer=actor())

    def hand_in() -> str:
        assessments.submit_self(assessment, actor=actor())
        return "自评已提交。"

    return _save_self(assessment, then=hand_in)


def _save_self(assessment: Assessment, then: Callable[[], str] | None = None) -> Answer:
    """Save the viewer's side of the sheet."""
    viewer = actor()
    require(policies.can_self_assess(viewer, assessment))
    form = self_form_for(assessment, sheet_of(assessment), viewer)
    if form is None:
        # The service says in which state it is, and why that is too late.
        assessments.save_self(assessment, {}, actor=viewer)
        raise NotVisible()

    def write() -> None:
        assessments.save_self(assessment, form.entries(), actor=viewer)

    return _save(assessment, form, write, "自评已保存。", then)


@bp.post("/assessments/<int:assessment_id>/review")
@writes
def save_review(assessment_id: int) -> Answer:
    """Keep the reviewer's scores."""
    return _save_review(get_assessment(assessment_id, viewer=actor()))


@bp.post("/assessments/<int:assessment_id>/provisional")
@writes
def issue_provisional(assessment_id: int) -> Answer:
    """Keep what was typed, then compute the result and show it to both hospitals."""
    assessment = get_assessment(assessment_id, viewer=actor())
    require(policies.can_manage(actor(), assessment))

    def issue() -> str:
        assessment_reviews.issue_provisional(assessment, actor=actor())
        return "初评结果已出具，双方现在可以看到。"

    return _save_review(assessment, then=issue)


def _save_review(assessment: Assessment, then: Callable[[], str] | None = None) -> Answer:
    """Save the reviewer's part of the sheet."""
    viewer = actor()
    require(policies.can_review(viewer, assessment))
    form = review_form_for(assessment, sheet_of(assessment), viewer)
    if form is None:
        assessment_reviews.save_review(assessment, {}, actor=viewer)
        raise NotVisible()

    def write() -> None:
        assessment_reviews.save_review(
            assessment,
            form.entries(),
            caps=form.caps(),
            seen_caps=form["seen_caps"].data if form.centre else None,
            actor=viewer,
        )

    return _save(assessment, form, write, "评审打分已保存。", then)


def _save(
    assessment: Assessment,
    form: SelfSheetForm | ReviewSheetForm,
    write: Callable[[], object],
    saved: str,
    then: Callable[[], str] | None,
) -> Answer:
    """Validate, write, and perhaps go one step further; give everything typed back if not."""
    try:
        if form.validate():
            write()
    except Rejected as refusal:
        form.add_errors(refusal.fields)
    except SheetConflict as conflict:
        form.meet_others()
        return sheet_page(assessment, actor(), form=form, clashes=conflict.clashes), 409
    if form.errors:
        return sheet_page(assessment, actor(), form=form), 422
    try:
        flash(then() if then else saved, "success")
    except StepRefused as refused:
        if not refused.missing:
            raise
        # What was typed is kept; only the step has to wait for what is missing.
        flash(f"{saved}还差 {len(refused.missing)} 项，暂未提交。", "warning")
    return _back(assessment)


def _back(assessment: Assessment) -> Response:
    return leave_to(url_for("assessments.show_assessment", assessment_id=assessment.id))


def _seen() -> int | None:
    """Return the version of the sheet on the page the step was asked for from."""
    return request.form.get("version", type=int)


def _step(
    assessment: Assessment, name: str, form: PortalForm, act: Callable[[], None], done: str
) -> Answer:
    """Take one step with its small form; a refused form comes back open, as typed."""
    if form.validate():
        try:
            act()
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit as stale:
            form.form_errors = stale.sentences
            return sheet_page(assessment, actor(), forms={name: form}), 409
        else:
            flash(done, "success")
            return _back(assessment)
    return sheet_page(assessment, actor(), forms={name: form}), 422


@bp.post("/assessments/<int:assessment_id>/return")
@writes
def return_self(assessment_id: int) -> Answer:
    """Send the self-assessment back to both sides."""
    assessment = get_assessment(assessment_id, viewer=actor())
    require(policies.can_manage(actor(), assessment))
    form = ReturnSelfForm()
    return _step(
        assessment,
        "return_self",
        form,
        lambda: assessment_reviews.return_self(
            assessment,
            reason=form.return_reason.data or "",
            actor=actor(),
            seen_version=_seen(),
        ),
        "已退回双方补充自评。",
    )


@bp.post("/assessments/<int:assessment_id>/start-review")
@writes
def start_review(assessment_id: int) -> Answer:
    """Freeze the ledger's figures and open the sheet to the reviewers."""
    assessment = get_assessment(assessment_id, viewer=actor())
    assessment_reviews.start_review(assessment, actor=actor())
    flash("已开始评审，自动指标的数据已冻结。", "success")
    return _back(assessment)


@bp.post("/assessments/<int:assessment_id>/appeal")
@writes
def appeal(assessment_id: int) -> Answer:
    """Appeal against the provisional result."""
    assessment = get_assessment(assessment_id, viewer=actor())
    require(policies.can_appeal(actor(), assessment))
    form = AppealForm()
    return _step(
        assessment,
        "appeal",
        form,
        lambda: assessments.appeal(assessment, reason=form.appeal_reason.data, actor=actor()),
        "申诉已提交，由省中心答复。",
    )


@bp.post("/assessments/<int:assessment_id>/appeal/answer")
@writes
def answer_appeal(assessment_id: int) -> Answer:
    """Answer an appeal: the result stands, or the sheet is reviewed again."""
    assessment = get_assessment(assessment_id, viewer=actor())
    require(policies.can_manage(actor(), assessment))
    form = AnswerAppealForm()
    return _step(
        assessment,
        "answer_appeal",
        form,
        lambda: assessment_reviews.answer_appeal(
            assessment,
            reply=form.appeal_reply.data,
            review_again=form.decision.data == "review",
            retake=form.retake.data,
            actor=actor(),
            seen_version=_seen(),
        ),
        "申诉已答复。",
    )


@bp.post("/assessments/<int:assessment_id>/publish")
@writes
def publish(assessment_id: int) -> Answer:
    """Make the result final."""
    assessment = get_assessment(assessment_id, viewer=actor())
    assessment_reviews.publish(assessment, actor=actor(), seen_version=_seen())
    flash("最终结果已发布，考核数据不再变动。", "success")
    return _back(assessment)


@bp.post("/assessments/<int:assessment_id>/experts")
@writes
def assign_expert(assessment_id: int) -> Answer:
    """Let an expert score this sheet."""
    assessment = get_assessment(assessment_id, viewer=actor())
    require(policies.can_manage(actor(), assessment))
    form = AssignExpertForm()
    offered = experts_to_assign(assessment)
    form.offer(offered)

    def assign() -> None:
        expert = next(one for one in offered if one.id == form.expert.data)
        assessment_reviews.assign_expert(assessment, expert, actor=actor())

    return _step(assessment, "assign_expert", form, assign, "已指派评审专家。")


@bp.post("/assessments/<int:assessment_id>/experts/remove")
@writes
def remove_expert(assessment_id: int) -> Answer:
    """Take an expert off the sheet."""
    assessment = get_assessment(assessment_id, viewer=actor())
    require(policies.can_manage(actor(), assessment))
    wanted = id_of(request.form, "expert")
    expert = next((one.user for one in assessment.experts if one.user_id == wanted), None)
    if expert is None:
        raise NotVisible()
    assessment_reviews.remove_expert(assessment, expert, actor=actor())
    flash("已撤销专家指派。", "success")
    return _back(assessment)
