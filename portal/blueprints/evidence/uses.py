"""Using pieces of the library: search, tick, done; and taking one away again."""

from collections.abc import Sequence

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.evidence import bp
from portal.blueprints.evidence.forms import UseEvidenceForm
from portal.errors import NotVisible
from portal.models import Agreement, Assessment, Evidence, Meeting, Task
from portal.policies.evidence_places import Place
from portal.queries import evidence as queries
from portal.queries.agreements import get_agreement
from portal.queries.assessments import get_assessment
from portal.queries.meetings import get_meeting
from portal.queries.tasks import get_task
from portal.services import evidence_uses
from portal.services.evidence_uses import require_place_open
from portal.web.accounts import actor
from portal.web.address import id_of, text_of
from portal.web.requests import leave_to, writes

Answer = Response | str | tuple[str, int]


@bp.route("/tasks/<int:task_id>/evidence/use", methods=["GET", "POST"])
@writes
def use_evidence(task_id: int) -> Answer:
    """Pick pieces for one requirement of a task."""
    return _pick(Place(get_task(task_id, viewer=actor(), lock=request.method == "POST")))


@bp.route("/meetings/<int:meeting_id>/evidence/use", methods=["GET", "POST"])
@writes
def use_for_meeting(meeting_id: int) -> Answer:
    """Pick pieces for a meeting: photos, the sign-in sheet."""
    return _pick(Place(get_meeting(meeting_id, viewer=actor())))


@bp.route("/agreements/<int:agreement_id>/evidence/use", methods=["GET", "POST"])
@writes
def use_for_agreement(agreement_id: int) -> Answer:
    """Pick pieces as annexes of an agreement."""
    return _pick(Place(get_agreement(agreement_id, viewer=actor())))


@bp.route(
    "/assessments/<int:assessment_id>/items/<int:item_id>/evidence/use", methods=["GET", "POST"]
)
@writes
def use_for_item(assessment_id: int, item_id: int) -> Answer:
    """Pick pieces for one item of a self-assessment."""
    assessment = get_assessment(assessment_id, viewer=actor())
    item = next((score.item for score in assessment.scores if score.item_id == item_id), None)
    if item is None:
        raise NotVisible()
    return _pick(Place(assessment, item=item))


@bp.post("/evidence/uses/<int:use_id>/remove")
@writes
def remove_use(use_id: int) -> Response:
    """Take a piece away from what it does not belong to; it stays in the library."""
    use = queries.get_use(use_id, viewer=actor())
    place = Place.of(use)
    evidence_uses.remove_use(use, actor=actor())
    flash("已移出，材料仍在佐证库中。", "success")
    return leave_to(url_of(place))


def url_of(place: Place) -> str:
    """Return the address of what evidence backs, at the list of its evidence."""
    target = place.target
    if isinstance(target, Task):
        return url_for("tasks.show_task", task_id=target.id, _anchor="materials")
    if isinstance(target, Meeting):
        return url_for("meetings.show_meeting", meeting_id=target.id, _anchor="attachments")
    if isinstance(target, Agreement):
        return url_for("agreements.show_agreement", agreement_id=target.id, _anchor="attachments")
    anchor = f"item-{place.item.id}" if place.item else None
    return url_for("assessments.show_assessment", assessment_id=target.id, _anchor=anchor)


def _pick(place: Place) -> Answer:
    """Offer the library's pieces for ``place``; with the ticked ones sent, use them there."""
    viewer = actor()
    require_place_open(place, viewer)
    search = text_of(request.values, "q", 100)
    pieces = queries.usable_pieces(place, viewer=viewer, search=search)
    form = UseEvidenceForm()
    form.offer(place, pieces)
    if request.method == "POST" and form.validate():
        return _use(place, form, chosen(pieces, form.evidence.data))
    if request.method == "GET" and "requirement" in form:
        form.requirement.data = id_of(request.args, "requirement") or 0
    page = render_template(
        "evidence/use.html",
        pairing=place.pairing,
        place=place,
        tab=_TABS[type(place.target)],
        heading=_heading(place),
        back_url=url_of(place),
        here=request.path,
        form=form,
        pieces=pieces,
        search=search,
        full=len(pieces) == queries.CHOICE_SIZE,
    )
    return page, 422 if form.errors else 200


_TABS = {Task: "任务", Meeting: "会议", Agreement: "协议", Assessment: "考核"}


def _heading(place: Place) -> str:
    """Return what the pieces are picked for."""
    target = place.target
    if isinstance(target, Task):
        return f"任务 {target.code} {target.title}"
    if isinstance(target, Meeting):
        return f"会议“{target.title}”"
    if isinstance(target, Agreement):
        return "帮扶协议"
    return f"{target.year} 年度考核{place.name}"


def _use(place: Place, form: UseEvidenceForm, pieces: Sequence[Evidence]) -> Response:
    """Let each piece back ``place``, or the requirement of it that was chosen."""
    id_ = form.requirement.data if "requirement" in form else 0
    wanted = next((one for one in place.requirements if one.id == id_), None)
    exact = Place(place.target, wanted, place.item)
    for piece in pieces:
        evidence_uses.use_for(exact, piece, actor=actor())
    flash(f"已选用 {len(pieces)} 件佐证材料。", "success")
    return leave_to(url_of(place))


def chosen(pieces: Sequence[Evidence], ids: Sequence[int]) -> list[Evidence]:
    """Return the offered pieces with ``ids``. Raises NotVisible for any other id."""
    by_id = {piece.id: piece for piece in pieces}
    if not set(ids) <= set(by_id):
        raise NotVisible()
    return [by_id[one] for one in ids]
