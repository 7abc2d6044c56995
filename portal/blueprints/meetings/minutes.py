"""Minutes: written on one page, returned or approved by the leader, printed."""

from collections.abc import Sequence

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.meetings import bp
from portal.blueprints.meetings.forms import ReasonForm
from portal.blueprints.meetings.minutes_form import RecordMinutesForm, landing_choices, seat_key
from portal.blueprints.meetings.routes import Answer, last_return, meeting_page
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.models import Attendance, AttendanceStatus, Meeting, MeetingState
from portal.policies.decision import require
from portal.policies.meetings import HELD_STATES, can_approve_minutes, can_write_minutes
from portal.queries import meetings as queries
from portal.queries.history import history_of
from portal.services import minutes
from portal.services.minutes import AttendanceEntry
from portal.web.accounts import actor
from portal.web.audit import exports, note_title
from portal.web.requests import leave_to, unsaved, writes


@bp.route("/meetings/<int:meeting_id>/minutes", methods=["GET", "POST"])
@writes
def record_minutes(meeting_id: int) -> Answer:
    """Write the minutes on one page; save a draft, or send them for approval."""
    meeting = queries.get_meeting(meeting_id, viewer=actor(), lock=request.method == "POST")
    require(can_write_minutes(actor(), meeting))
    group = queries.group_of(meeting.pairing)
    seats = minutes.invited(meeting, group)
    form = RecordMinutesForm()
    if request.method == "GET":
        _refuse_unless_open(meeting)
        _fill(form, meeting, seats)
        return _minutes_page(meeting, form, seats)
    if focus := _one_more(form):
        return unsaved(_minutes_page(meeting, form, seats, focus=focus))
    _offer(form, meeting)
    if not form.validate():
        return _minutes_page(meeting, form, seats), 422
    return _save(meeting, form, seats)


def _save(meeting: Meeting, form: RecordMinutesForm, seats: Sequence[AttendanceEntry]) -> Answer:
    """Save, and send if that button was pressed; a refusal loses nothing that was typed."""
    send = request.form.get("do") == "send"
    try:
        minutes.record_minutes(
            meeting,
            form.entry(meeting, seats),
            send=send,
            seen_version=request.form.get("version", type=int),
            actor=actor(),
        )
    except Rejected as refusal:
        form.add_errors(refusal.fields)
        return _minutes_page(meeting, form, seats), 422
    except StaleEdit:
        return _minutes_page(meeting, form, seats, stale=True), 409
    except StepRefused as refusal:
        return _minutes_page(meeting, form, seats, refusal=refusal), 409
    if send:
        hospital = meeting.pairing.supporting.short_name
        flash(f"纪要已提交，等{hospital}负责人批准。", "success")
        return leave_to(url_for("meetings.show_meeting", meeting_id=meeting.id))
    flash("纪要草稿已保存。", "success")
    return leave_to(url_for("meetings.record_minutes", meeting_id=meeting.id))


def _refuse_unless_open(meeting: Meeting) -> None:
    """Say that there is nothing to write any more. Raises StepRefused."""
    if meeting.state is not MeetingState.PLANNED:
        raise StepRefused(f"会议当前状态为“{meeting.state.label}”，不能修改纪要。")


def _fill(form: RecordMinutesForm, meeting: Meeting, seats: Sequence[AttendanceEntry]) -> None:
    """Show what is known; spare lines for one guest and one resolution."""
    form.fill(meeting, seats, recorder=actor().name)
    form.held_on.data = meeting.held_on or min(clock.local_date(meeting.planned_at), clock.today())
    for guest in minutes.guests(meeting):
        form.add_guest(guest)
    form.add_guest()
    form.add_resolution()


def _one_more(form: RecordMinutesForm) -> str:
    """Answer the buttons that add a line; return the id of the field to go on with."""
    wish = request.form.get("do")
    if wish == "guest":
        form.add_guest()
        return str(form.guests[-1].form.name.id)
    if wish == "point":
        form.add_point()
        return str(form.agenda[-1].form.title.id)
    if wish == "resolution":
        form.add_resolution()
        return str(form.resolutions[-1].form.body.id)
    return ""


def _offer(form: RecordMinutesForm, meeting: Meeting) -> bool:
    """Let resolutions choose among the plan's areas and open tasks; return if there is a plan."""
    tasks = {task.id: task for task in queries.open_tasks(meeting.pairing)}
    tasks.update((one.task.id, one.task) for one in meeting.resolutions if one.task)
    may_create = queries.plan_takes_tasks(meeting.pairing)
    form.offer(landing_choices(tasks.values(), may_create=may_create))
    return may_create


def _minutes_page(
    meeting: Meeting,
    form: RecordMinutesForm,
    seats: Sequence[AttendanceEntry],
    *,
    focus: str = "",
    stale: bool = False,
    refusal: StepRefused | None = None,
) -> str:
    """Render the page of minutes."""
    may_create = _offer(form, meeting)
    events = history_of("meeting", meeting.id, limit=20) if meeting.is_returned else []
    return render_template(
        "meetings/minutes.html",
        meeting=meeting,
        pairing=meeting.pairing,
        form=form,
        seats_by_key={seat_key(seat): seat for seat in seats},
        items={str(item.id): item for item in meeting.agenda},
        focus=focus,
        stale=stale,
        mine=_typed(form, meeting) if stale else [],
        theirs=_saved(meeting) if stale else [],
        refusal=refusal,
        may_create=may_create,
        returned=last_return(events),
    )


def _typed(form: RecordMinutesForm, meeting: Meeting) -> list[tuple[str, str]]:
    """Return what was typed, to stand beside what somebody else saved."""
    lines = [line.form.entry() for line in form.resolutions if not line.form.is_empty()]
    return [
        *((line.title, line.discussion) for line in form.discussions(meeting)),
        ("议定事项", "\n".join(line.body for line in lines)),
        ("会议记录", form.minutes.data),
    ]


def _saved(meeting: Meeting) -> list[tuple[str, str]]:
    """Return what is saved now, in the same order."""
    return [
        *((item.title, item.discussion) for item in meeting.agenda),
        ("议定事项", "\n".join(line.body for line in meeting.resolutions)),
        ("会议记录", meeting.minutes),
    ]


@bp.post("/meetings/<int:meeting_id>/approve")
@writes
def approve_minutes(meeting_id: int) -> Response:
    """Approve the minutes; their resolutions become tasks."""
    meeting = queries.get_meeting(meeting_id, viewer=actor(), lock=True)
    made = minutes.approve_minutes(
        meeting, seen_version=request.form.get("version", type=int), actor=actor()
    )
    more = f"，已生成 {len(made)} 项任务" if made else ""
    flash(f"纪要已批准，编号 {meeting.minutes_number}{more}。", "success")
    return leave_to(url_for("meetings.show_meeting", meeting_id=meeting.id))


@bp.post("/meetings/<int:meeting_id>/return")
@writes
def return_minutes(meeting_id: int) -> Answer:
    """Send the minutes back with a reason."""
    meeting = queries.get_meeting(meeting_id, viewer=actor(), lock=True)
    require(can_approve_minutes(actor(), meeting))
    form = ReasonForm()
    if not form.validate():
        return meeting_page(meeting, form), 422
    minutes.return_minutes(
        meeting,
        reason=form.comment.data,
        seen_version=request.form.get("version", type=int),
        actor=actor(),
    )
    flash("纪要已退回，基地管理员修改后会重新提交。", "success")
    return leave_to(url_for("meetings.show_meeting", meeting_id=meeting.id))


@bp.get("/meetings/<int:meeting_id>/print")
@exports
def print_minutes(meeting_id: int) -> str:
    """Show the minutes as one official sheet."""
    meeting = queries.get_meeting(meeting_id, viewer=actor())
    if meeting.state not in HELD_STATES:
        raise StepRefused("会议纪要尚未提交，还不能打印。")
    note_title(f"打印会议纪要：{meeting.title}")
    return render_template(
        "meetings/print.html",
        meeting=meeting,
        attendance=_by_status(meeting),
        pairing=meeting.pairing,
        back_url=url_for("meetings.show_meeting", meeting_id=meeting.id),
    )


def _by_status(meeting: Meeting) -> list[tuple[AttendanceStatus, list[str]]]:
    """Return who was present, excused and observing, as the sheet names them."""
    found = []
    for status in AttendanceStatus:
        people = [
            f"{one.name}（{_post(meeting, one)}）" if _post(meeting, one) else one.name
            for one in meeting.attendance
            if one.status is status
        ]
        if people:
            found.append((status, people))
    return found


def _post(meeting: Meeting, one: Attendance) -> str:
    """Return somebody's hospital and office."""
    hospital = meeting.pairing.organisation_on(one.side).short_name if one.side else ""
    return hospital + one.job_title


@bp.app_template_filter("hanzi")
def chinese_number(number: int) -> str:
    """Return 1 to 99 as 一 to 九十九, as official sheets count."""
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else digits[tens] + "十")
    return head + (digits[ones] if ones else "")
