"""The one page of minutes: attendance, discussion, resolutions."""

from collections.abc import Iterable, Sequence

from wtforms import (
    DateField,
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.blueprints.meetings.forms import MOST_LINES
from portal.models import Area, AttendanceStatus, GroupRole, Meeting, Resolution, Side, Task
from portal.row_ids import row_id
from portal.services.meetings import AgendaEntry
from portal.services.minutes import AttendanceEntry, MinutesEntry, ResolutionEntry
from portal.web.forms import LineForm, MaxLength, PortalForm, choices

CREATE, LINK = "create:", "task:"
LONG_TEXT = 5000


def seat_key(entry: AttendanceEntry) -> str:
    """Return what names a person of the group in the form."""
    return f"{entry.side.value if entry.side else ''}:{entry.name}"


def landing_choices(tasks: Iterable[Task], *, may_create: bool) -> list[SelectChoice]:
    """Return the ways a resolution is carried out: a new task of an area, or an open task."""
    found = [SelectChoice("", "请选择")]
    if may_create:
        found += [
            SelectChoice(CREATE + area.value, f"生成新任务：{area.label}", optgroup="生成新任务")
            for area in Area
        ]
    return found + [
        SelectChoice(f"{LINK}{task.id}", f"{task.code} {task.title}", optgroup="关联已有任务")
        for task in tasks
    ]


class SeatForm(LineForm):
    """One member of the group: present, excused or observing."""

    key = HiddenField()
    status = RadioField(
        "出席情况",
        choices=choices(AttendanceStatus),
        default=AttendanceStatus.PRESENT.value,
    )


class GuestForm(LineForm):
    """Somebody from outside the group. A line without a name counts as empty."""

    name = StringField("姓名", [MaxLength(40)])
    job_title = StringField("单位及职务", [MaxLength(60)])


class DiscussionForm(LineForm):
    """A point of the agenda; only one that came up on the day has a title to fill in."""

    item_id = HiddenField()
    title = StringField("议题", [MaxLength(200)])
    discussion = TextAreaField("讨论情况", [MaxLength(LONG_TEXT)])

    def validate_title(self, field: StringField) -> None:
        """Ask what a new point was about once something is said on it."""
        if not self.item_id.data and self.discussion.data and not field.data:
            raise ValidationError("请填写议题名称。")


class ResolutionForm(LineForm):
    """One resolved item. A line without text, day, criteria and evidence counts as empty."""

    body = TextAreaField("议定事项", [MaxLength(1000)])
    side = SelectField("责任方", choices=choices(Side), default=Side.SUPPORTED.value)
    due_on = DateField("完成时限", [Optional()])
    landing = SelectField("落实方式", default="")
    criteria = StringField("验收标准", [MaxLength(1000)])
    evidence = StringField("佐证材料名称", [MaxLength(100)])

    def is_empty(self) -> bool:
        """Whether nothing was typed; a side or a task chosen beforehand is nothing yet."""
        typed = (self.body.data, self.due_on.data, self.criteria.data, self.evidence.data)
        return not any(typed) and not self.due_on.errors

    def validate_body(self, field: TextAreaField) -> None:
        """Ask for the text of a line that has anything else."""
        if not field.data and not self.is_empty():
            raise ValidationError("请填写议定事项的内容。")

    def entry(self) -> ResolutionEntry:
        """Return the line's content."""
        landing = self.landing.data or ""
        area = Area(landing.removeprefix(CREATE)) if landing.startswith(CREATE) else None
        task_id = row_id(landing.removeprefix(LINK)) if landing.startswith(LINK) else None
        return ResolutionEntry(
            self.body.data,
            Side(self.side.data),
            self.due_on.data,
            task_id,
            area,
            self.criteria.data if area else "",
            self.evidence.data if area else "",
        )


class RecordMinutesForm(PortalForm):
    """Everything the minutes hold (domain-facts §9.2.6)."""

    held_on = DateField("召开日期", [InputRequired("请填写召开日期。")])
    chair = StringField("主持人", [MaxLength(40)])
    recorder = StringField("记录人", [MaxLength(40)])
    seats = FieldList(FormField(SeatForm), label="领导小组成员出席情况", max_entries=MOST_LINES)
    guests = FieldList(FormField(GuestForm), label="列席人员", max_entries=MOST_LINES)
    agenda = FieldList(FormField(DiscussionForm), label="议题与讨论", max_entries=MOST_LINES)
    resolutions = FieldList(FormField(ResolutionForm), label="议定事项", max_entries=MOST_LINES)
    minutes = TextAreaField("会议记录", [MaxLength(20000)])

    def offer(self, landings: Sequence[SelectChoice]) -> None:
        """Let every resolution choose among ``landings``. Before validating, and drawing."""
        for line in self.resolutions:
            line.form.landing.choices = list(landings)

    def validate_resolutions(self, field: FieldList) -> None:
        """Keep due dates behind the meeting."""
        held_on = self.held_on.data
        for line in field:
            due_on = line.form.due_on.data
            if held_on and due_on and due_on < held_on:
                line.form.due_on.errors = ["完成时限不能早于召开日期。"]
                raise ValidationError("有完成时限早于召开日期。")

    def fill(self, meeting: Meeting, seats: Sequence[AttendanceEntry], recorder: str) -> None:
        """Show what was saved, or what a first page can know already."""
        leader = next((s.name for s in seats if s.group_role == GroupRole.LEADER.value), "")
        self.chair.data, self.recorder.data = meeting.chair or leader, meeting.recorder or recorder
        self.minutes.data = meeting.minutes
        for seat in seats:
            self.seats.append_entry({"key": seat_key(seat), "status": seat.status.value})
        for item in meeting.agenda:
            self.agenda.append_entry({"item_id": str(item.id), "discussion": item.discussion})
        for line in meeting.resolutions:
            self.resolutions.append_entry(_values(line))
        if not meeting.resolutions:
            # What was on the agenda is what will most likely be resolved on.
            for item in meeting.agenda:
                if item.task and not item.task.is_over:
                    self.resolutions.append_entry({"landing": f"{LINK}{item.task_id}"})

    def add_guest(self, guest: AttendanceEntry | None = None) -> None:
        """Show one more person from outside."""
        values = {"name": guest.name, "job_title": guest.job_title} if guest else {}
        if len(self.guests) < MOST_LINES:
            self.guests.append_entry(values)

    def add_point(self) -> None:
        """Show one more point of the agenda."""
        if len(self.agenda) < MOST_LINES:
            self.agenda.append_entry({"item_id": ""})

    def add_resolution(self) -> None:
        """Show one more resolution."""
        if len(self.resolutions) < MOST_LINES:
            self.resolutions.append_entry({})

    def entry(self, meeting: Meeting, seats: Sequence[AttendanceEntry]) -> MinutesEntry:
        """Return what the form says; people of the group are taken from ``seats``."""
        return MinutesEntry(
            self.held_on.data,
            self.chair.data,
            self.recorder.data,
            self.minutes.data,
            [*self._seated(seats), *self._guests()],
            self.discussions(meeting),
            [line.form.entry() for line in self.resolutions if not line.form.is_empty()],
        )

    def _seated(self, seats: Sequence[AttendanceEntry]) -> list[AttendanceEntry]:
        """Give each person of the group the status that was ticked."""
        ticked = {line.form.key.data: line.form.status.data for line in self.seats}
        return [
            AttendanceEntry(
                seat.name,
                AttendanceStatus(ticked.get(seat_key(seat), seat.status.value)),
                seat.side,
                seat.job_title,
                seat.group_role,
                seat.member_id,
            )
            for seat in seats
        ]

    def _guests(self) -> list[AttendanceEntry]:
        return [
            AttendanceEntry(
                line.form.name.data,
                AttendanceStatus.OBSERVER,
                job_title=line.form.job_title.data,
            )
            for line in self.guests
            if line.form.name.data
        ]

    def discussions(self, meeting: Meeting) -> list[AgendaEntry]:
        """Return what was said: on the points there were, and on those that came up."""
        known = {item.id: item.title for item in meeting.agenda}
        found = []
        for line in self.agenda:
            item_id = row_id(line.form.item_id.data)
            title = known.get(item_id, line.form.title.data) if item_id else line.form.title.data
            if title:
                discussion = line.form.discussion.data
                found.append(AgendaEntry(title, item_id=item_id, discussion=discussion))
        return found


def _values(line: Resolution) -> dict[str, object]:
    """Return a saved resolution as values of its line."""
    landing = ""
    if line.task_id:
        landing = f"{LINK}{line.task_id}"
    elif line.area:
        landing = CREATE + line.area.value
    return {
        "body": line.body,
        "side": line.responsible_side.value,
        "due_on": line.due_on,
        "landing": landing,
        "criteria": line.criteria,
        "evidence": line.evidence,
    }
