"""One piece of evidence: what it is, what was done with it, and changes to it."""

from typing import Any

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock, file_types
from portal.blueprints.evidence import bp
from portal.blueprints.evidence.forms import (
    EditEvidenceForm,
    RejectEvidenceForm,
    ReviseEvidenceForm,
    WithdrawEvidenceForm,
)
from portal.documents.previews.shown import carries_place
from portal.errors import NotVisible, Rejected, StaleEdit, StepRefused
from portal.models import Evidence, EvidenceStatus, EvidenceUse, Pairing, User
from portal.policies.decision import require
from portal.policies.evidence import can_change, can_review, can_withdraw, why_not_counted
from portal.policies.evidence_places import Place, can_attach, why_locked
from portal.queries import evidence as queries
from portal.queries.evidence_holds import holds_on
from portal.queries.evidence_library import expiry_of
from portal.queries.history import history_of
from portal.queries.pairings import get_pairing
from portal.services import evidence as services
from portal.services import evidence_changes
from portal.services.evidence_changes import Details
from portal.services.files import HoldsPersonalData, keep_upload
from portal.web.accounts import actor
from portal.web.refusals import Refused
from portal.web.requests import (
    begin_writing,
    end_reading,
    leave_to,
    let_go,
    reads_first,
    writes,
)


@bp.get("/evidence/<int:evidence_id>")
def show_evidence(evidence_id: int) -> Response:
    """Show one piece: the file itself, its revisions and review, and where it is used."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    end_reading()
    carries_place(evidence.file)  # found out now, while no transaction is open
    return answer_piece(evidence)


@bp.post("/evidence/<int:evidence_id>/details")
@writes
def edit_evidence(evidence_id: int) -> Response:
    """Change what is said of a piece."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    require(can_change(actor(), evidence))
    form = EditEvidenceForm()
    if form.validate():
        try:
            evidence_changes.save_details(
                evidence, form.details, seen_version=seen_version(), actor=actor()
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return answer_piece(evidence, edit=form, stale=True, status=409)
        except StepRefused as refusal:
            return answer_piece(evidence, refused=Refused.of(refusal, form), status=409)
        else:
            flash("材料信息已保存。", "success")
            return back_to(evidence)
    return answer_piece(evidence, edit=form, status=422)


@bp.post("/evidence/<int:evidence_id>/revise")
@reads_first
@writes
def revise_evidence(evidence_id: int) -> Response:
    """Put a new file in the place of the old one, which stays readable."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    require(can_change(actor(), evidence))
    form = ReviseEvidenceForm()
    if not form.file.data:
        form.validate()
        form.add_errors({"file": "请先选择要上传的新文件。"})
    elif form.validate():
        try:
            let_go()
            kept = keep_upload(
                form.file.data.filename,
                form.file.data.stream,
                despite_warning=form.despite_warning.data,
            )
            begin_writing()
            revision = services.replace_file(
                evidence, kept, note=form.note.data, seen_version=seen_version(), actor=actor()
            )
        except Rejected as refusal:
            form.warned = isinstance(refusal, HoldsPersonalData)
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refusal:
            return answer_piece(evidence, refused=Refused.of(refusal, form), status=409)
        else:
            flash(f"已换为第 {revision.number} 版，等待审核。", "success")
            return back_to(evidence)
    return answer_piece(evidence, revise=form, status=422)


@bp.post("/evidence/<int:evidence_id>/withdraw")
@writes
def withdraw_evidence(evidence_id: int) -> Response:
    """Withdraw a piece that was a mistake."""
    evidence = queries.get_evidence(evidence_id, viewer=actor())
    require(can_withdraw(actor(), evidence))
    form = WithdrawEvidenceForm()
    if form.validate():
        try:
            evidence_changes.withdraw_evidence(
                evidence, reason=form.reason.data, seen_version=seen_version(), actor=actor()
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except (StaleEdit, StepRefused) as refusal:
            return answer_piece(evidence, refused=Refused.of(refusal, form), status=409)
        else:
            flash("材料已撤回，不再作为佐证。", "success")
            return back_to(evidence)
    return answer_piece(evidence, withdraw=form, status=422)


def answer_piece(
    evidence: Evidence,
    *,
    edit: EditEvidenceForm | None = None,
    revise: ReviseEvidenceForm | None = None,
    withdraw: WithdrawEvidenceForm | None = None,
    reject: RejectEvidenceForm | None = None,
    refused: Refused | None = None,
    stale: bool = False,
    status: int = 200,
) -> Response:
    """Answer with the page of a piece; a refused form is handed in and comes back as typed."""
    viewer = actor()
    uses = queries.uses_of(evidence, viewer=viewer)
    standing = evidence.status is not EvidenceStatus.WITHDRAWN
    may_change = standing and bool(can_change(viewer, evidence))
    may_review = standing and bool(can_review(viewer, evidence))
    holds = holds_on(evidence, viewer=viewer) if may_change or may_review else []
    today = clock.today()
    response: Response = make_response(
        render_template(
            "evidence/show.html",
            evidence=evidence,
            pairing=_pairing_seen(evidence, uses, viewer),
            uses=uses,
            refused=refused,
            removable=_removable(uses, viewer),
            holds=holds,
            against=[one for one in holds if one.keeps_from(viewer)] if may_review else [],
            may_change=may_change,
            may_review=may_review,
            idle_because=why_not_counted(evidence, today),
            expiry=expiry_of(evidence, today),
            place=carries_place(evidence.file, look=False),
            edit=edit or _filled(evidence),
            revise=revise or ReviseEvidenceForm(formdata=None),
            withdraw=withdraw or WithdrawEvidenceForm(formdata=None),
            reject=reject or RejectEvidenceForm(formdata=None),
            conflict=_both_texts(edit, evidence) if stale and edit else None,
            accept=file_types.ACCEPT,
            events=history_of("evidence", evidence.id),
        ),
        status,
    )
    return response


def back_to(evidence: Evidence) -> Response:
    """Lead back to the page of the piece."""
    return leave_to(url_for("evidence.show_evidence", evidence_id=evidence.id))


def seen_version() -> int | None:
    """Return the version of the piece that was on the page."""
    return request.form.get("version", type=int)


def _filled(evidence: Evidence) -> EditEvidenceForm:
    form = EditEvidenceForm(formdata=None)
    form.fill(evidence)
    return form


def _both_texts(form: EditEvidenceForm, evidence: Evidence) -> dict[str, list[tuple[str, str]]]:
    """Return what was typed and what is kept, where they differ."""
    mine, theirs = form.details.labelled(), Details.of(evidence).labelled()
    differing = [index for index, pair in enumerate(mine) if pair != theirs[index]]
    return {
        "mine": [mine[index] for index in differing],
        "theirs": [theirs[index] for index in differing],
    }


def _removable(uses: list[EvidenceUse], viewer: User) -> set[int]:
    """Return the ids of the uses that the viewer may take away now."""
    places: list[tuple[int, Any]] = [(use.id, Place.of(use)) for use in uses]
    return {id_ for id_, place in places if can_attach(viewer, place) and not why_locked(place)}


def _pairing_seen(evidence: Evidence, uses: list[EvidenceUse], viewer: User) -> Pairing | None:
    """Return the pairing whose tab the page stands in: the piece's own, or of a use."""
    for pairing_id in dict.fromkeys(
        [evidence.pairing_id, *(Place.of(use).target.pairing_id for use in uses)]
    ):
        try:
            return get_pairing(pairing_id, viewer=viewer)
        except NotVisible:
            continue
    return None
