"""The list of meetings, a pairing's meetings, and one meeting from plan to cancellation."""

from collections.abc import Sequence
from datetime import datetime, time

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.meetings import bp
from portal.blueprints.meetings.forms import PlanMeetingForm, ReasonForm
from portal.blueprints.uploads.places import zone_of
from portal.errors import NotVisible, Rejected, StaleEdit, StepRefused
from portal.models import Event, GroupRole, Meeting, MeetingState, Pairing
from portal.policies.decision import require
from portal.policies.meeting_kinds import DEFAULT_KIND, is_standing_line, meeting_kinds
from portal.policies.meetings import (
    can_approve_minutes,
    can_edit_meeting,
    can_plan_meeting,
    can_write_minutes,
    is_late,
    reads_meetings,
    whose_turn,
)
from portal.queries import meetings as queries
from portal.queries.evidence_attached import attached_to
from portal.queries.history import history_of
from portal.queries.pairings import pairings_seen_by
from portal.services import meetings
from portal.services.meetings import AgendaEntry
from portal.web.accounts import actor
from portal.web.address import id_of, member_of, text_of
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, unsaved, writes
from portal.workdays import add_workdays, workdays_between
from portal.workflow.meetings import creates_task, missing_for_hold

NOTICE_WORKDAYS = 3
"""People are told of a meeting so many working days before (domain-facts §11)."""

Answer = Response | str | tuple[str, int]


@bp.app_template_global()
def meeting_turn(meeting: Meeting) -> dict[str, object] | None:
    """Return who must act on a meeting next and for how many working days it has waited."""
    turn = whose_turn(meeting)
    if turn is None:
        return None
    today = clock.today()
    return {
        "who": turn.who,
        "since": turn.since,
        "days": workdays_between(turn.since, today),
        "begun": turn.since <= today,
        "due_on": turn.due_on,
        "late": is_late(meeting, today),
    }


@bp.get("/meetings")
def list_meetings() -> str:
    """Show every meeting the viewer may see, and the pairings that should have met."""
    viewer = actor()
    if not reads_meetings(viewer):
        raise NotVisible()
    filters = queries.Filters(
        state=member_of(MeetingState, request.args.get("state")),
        pairing_id=id_of(request.args, "pairing"),
        late=bool(request.args.get("overdue")),
        after=text_of(request.args, "after", 80),
        before=text_of(request.args, "before", 80),
    )
    pairings = pairings_seen_by(viewer)
    status = queries.meeting_status(pairings)
    return render_template(
        "meetings/list.html",
        page=queries.list_meetings(viewer, filters),
        filters=filters,
        states=[(state.value, state.label) for state in MeetingState],
        pairing_choices=[(one.id, one.title) for one in pairings],
        overdue=[
            (one, status[one.id], can_plan_meeting(viewer, one))
            for one in pairings
            if status[one.id].is_overdue
        ],
    )


@bp.get("/pairings/<int:pairing_id>/meetings")
def list_for_pairing(pairing_id: int) -> str:
    """Show the meetings of one pairing, and whether the next one is overdue."""
    viewer = actor()
    pairing = queries.get_pairing_of_meetings(pairing_id, viewer=viewer)
    return render_template(
        "meetings/pairing.html",
        pairing=pairing,
        meetings=queries.meetings_of_pairing(pairing),
        status=queries.meeting_status([pairing])[pairing.id],
        can_plan=can_plan_meeting(viewer, pairing),
    )


@bp.route("/pairings/<int:pairing_id>/meetings/new", methods=["GET", "POST"])
@writes
def plan_meeting(pairing_id: int) -> Answer:
    """Call a meeting; its agenda comes filled with what is overdue, returned or open."""
    pairing = queries.get_pairing_of_meetings(pairing_id, viewer=actor())
    require(can_plan_meeting(actor(), pairing))
    form = PlanMeetingForm()
    if request.method == "GET":
        wanted = request.args.get("kind", DEFAULT_KIND)
        form.kind.data = wanted if wanted in meeting_kinds() else DEFAULT_KIND
        form.planned_at.data = datetime.combine(
            add_workdays(clock.today(), NOTICE_WORKDAYS), time(9)
        )
        form.show_lines(_suggested(pairing, form.kind.data))
    elif again := _drawn_again(form):
        return unsaved(_plan_page(pairing, form, focus=again))
    elif form.validate():
        try:
            meeting = meetings.plan_meeting(pairing, form.entry(), actor=actor())
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        else:
            flash(f"已安排“{meeting.title}”。", "success")
            return leave_to(url_for("meetings.show_meeting", meeting_id=meeting.id))
    return _plan_page(pairing, form), 422 if form.errors else 200


@bp.route("/meetings/<int:meeting_id>/edit", methods=["GET", "POST"])
@writes
def edit_meeting(meeting_id: int) -> Answer:
    """Change what was planned."""
    meeting = queries.get_meeting(meeting_id, viewer=actor(), lock=request.method == "POST")
    require(can_edit_meeting(actor(), meeting))
    form = PlanMeetingForm()
    if locked := refusal_of(meetings.refuse_unless_planned, meeting):
        return _plan_page(meeting.pairing, form, meeting, refused=locked), 409
    if request.method == "GET":
        form.fill(meeting)
    elif again := _drawn_again(form):
        return unsaved(_plan_page(meeting.pairing, form, meeting, focus=again))
    elif form.validate():
        try:
            meetings.edit_meeting(
                meeting,
                form.entry(),
                seen_version=request.form.get("version", type=int),
                actor=actor(),
            )
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _plan_page(meeting.pairing, form, meeting, stale=True), 409
        except StepRefused as refusal:
            refused = Refused.over_form(refusal)
            return _plan_page(meeting.pairing, form, meeting, refused=refused), 409
        else:
            flash("会议安排已修改。", "success")
            return leave_to(url_for("meetings.show_meeting", meeting_id=meeting.id))
    return _plan_page(meeting.pairing, form, meeting), 422 if form.errors else 200


def _drawn_again(form: PlanMeetingForm) -> str:
    """Answer the buttons that save nothing; return the id of the field to go on with.

    Empty when the form was really submitted.
    """
    wish = request.form.get("do")
    if wish == "line":
        form.show_lines(form.agenda(), spare=1)
        return str(form.lines[-1].form.title.id)
    if wish == "kind" and form.kind.data in meeting_kinds():
        own = [line for line in form.agenda() if not is_standing_line(line.title)]
        standing = meeting_kinds()[form.kind.data].agenda
        form.show_lines([*(AgendaEntry(title) for title in standing), *own])
        return str(form.kind.id)
    return ""


def _suggested(pairing: Pairing, kind: str) -> list[AgendaEntry]:
    """Return the lines a new meeting of this kind opens with."""
    lines = queries.suggested_agenda(pairing, meeting_kinds()[kind].agenda)
    return [AgendaEntry(line.title, line.task_id) for line in lines]


def _plan_page(
    pairing: Pairing,
    form: PlanMeetingForm,
    meeting: Meeting | None = None,
    *,
    focus: str = "",
    stale: bool = False,
    refused: Refused | None = None,
) -> str:
    """Render the form of a new meeting, or of ``meeting``."""
    ids = (line.task_id for line in form.agenda() if line.task_id)
    return render_template(
        "meetings/plan.html",
        pairing=pairing,
        meeting=meeting,
        form=form,
        focus=focus,
        stale=stale,
        refused=refused,
        kind=meeting_kinds().get(form.kind.data or DEFAULT_KIND),
        tasks=queries.tasks_by_id(pairing, ids),
    )


@bp.get("/meetings/<int:meeting_id>")
def show_meeting(meeting_id: int) -> str:
    """Show one meeting: agenda, minutes, resolutions, who must act next."""
    return meeting_page(queries.get_meeting(meeting_id, viewer=actor()), ReasonForm())


@bp.post("/meetings/<int:meeting_id>/cancel")
@writes
def cancel_meeting(meeting_id: int) -> Answer:
    """Call a meeting off, with a reason."""
    meeting = queries.get_meeting(meeting_id, viewer=actor(), lock=True)
    require(can_edit_meeting(actor(), meeting))
    form = ReasonForm()
    if not form.validate():
        return meeting_page(meeting, form), 422
    try:
        meetings.cancel_meeting(
            meeting,
            reason=form.comment.data or "",
            seen_version=request.form.get("version", type=int),
            actor=actor(),
        )
    except StaleEdit as stale:
        form.form_errors = stale.sentences
        return meeting_page(meeting, form), 409
    flash("会议已取消。", "success")
    return leave_to(url_for("meetings.show_meeting", meeting_id=meeting.id))


def meeting_page(meeting: Meeting, form: ReasonForm) -> str:
    """Render one meeting; ``form`` carries the reason of a refused return or cancellation."""
    viewer = actor()
    events = history_of("meeting", meeting.id)
    planned = meeting.state is MeetingState.PLANNED
    return render_template(
        "meetings/show.html",
        meeting=meeting,
        pairing=meeting.pairing,
        form=form,
        events=events,
        attachments=attached_to(meeting, viewer=viewer),
        **zone_of(meeting),
        returned=last_return(events) if meeting.is_returned else None,
        kind_title=meeting_kinds()[meeting.kind].title,
        role_labels={role.value: role.label for role in GroupRole},
        new_tasks=sum(creates_task(one) for one in meeting.resolutions),
        missing=missing_for_hold(meeting) if planned and meeting.minutes_at else [],
        can_write=planned and can_write_minutes(viewer, meeting),
        can_edit=planned and not meeting.is_returned and can_edit_meeting(viewer, meeting),
        approval=can_approve_minutes(viewer, meeting)
        if meeting.state is MeetingState.HELD
        else None,
    )


def last_return(events: Sequence[Event]) -> Event | None:
    """Return the event that says why the minutes came back."""
    return next((event for event in events if event.action == "return_minutes"), None)
