"""Forms for calling a meeting and for what is decided about it."""

from collections.abc import Iterable
from datetime import datetime

from wtforms import (
    DateTimeLocalField,
    FieldList,
    FormField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired

from portal import clock
from portal.models import Meeting
from portal.policies.meeting_kinds import DEFAULT_KIND, meeting_kinds
from portal.row_ids import row_id
from portal.services.meetings import AgendaEntry, MeetingEntry
from portal.web.forms import LineForm, MaxLength, PortalForm

SPARE_LINES = 2
MOST_LINES = 60
REASON_LENGTH = 1000


def kind_choices() -> list[SelectChoice]:
    """Return the kinds of meetings."""
    return [SelectChoice(kind.slug, kind.title) for kind in meeting_kinds().values()]


class AgendaLineForm(LineForm):
    """One point of the agenda. A line without text counts as empty."""

    item_id = HiddenField()
    task_id = HiddenField()
    title = StringField("议题", [MaxLength(200)])


class PlanMeetingForm(PortalForm):
    """A meeting on one page."""

    kind = SelectField("会议类型", choices=kind_choices, default=DEFAULT_KIND)
    title = StringField("会议名称", [MaxLength(100)], description="不填则用会议类型的名称。")
    planned_at = DateTimeLocalField(
        "会议时间",
        [InputRequired("请填写会议日期和时间。")],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    place = StringField("会议地点", [MaxLength(100)], description="线上会议请填写会议平台。")
    lines = FieldList(FormField(AgendaLineForm), label="议程", max_entries=MOST_LINES)

    def entry(self) -> MeetingEntry:
        """Return what the form says, the time read on Shanghai's clock."""
        at: datetime = self.planned_at.data
        return MeetingEntry(
            self.kind.data,
            at.replace(tzinfo=clock.SHANGHAI),
            self.title.data,
            self.place.data,
            self.agenda(),
        )

    def agenda(self) -> list[AgendaEntry]:
        """Return the filled lines."""
        return [
            AgendaEntry(
                line.form.title.data,
                row_id(line.form.task_id.data),
                row_id(line.form.item_id.data),
            )
            for line in self.lines
            if line.form.title.data
        ]

    def show_lines(self, lines: Iterable[AgendaEntry], spare: int = SPARE_LINES) -> None:
        """Show ``lines`` in place of whatever is there, and ``spare`` empty ones."""
        while self.lines.entries:
            self.lines.pop_entry()
        for line in lines:
            if len(self.lines) < MOST_LINES:
                self.lines.append_entry(
                    {
                        "title": line.title,
                        "task_id": str(line.task_id or ""),
                        "item_id": str(line.item_id or ""),
                    }
                )
        for _ in range(min(spare, MOST_LINES - len(self.lines))):
            self.lines.append_entry({"title": "", "task_id": "", "item_id": ""})

    def fill(self, meeting: Meeting) -> None:
        """Show a meeting that was planned."""
        self.kind.data, self.title.data, self.place.data = (
            meeting.kind,
            meeting.title,
            meeting.place,
        )
        self.planned_at.data = clock.local(meeting.planned_at)
        self.show_lines(AgendaEntry(item.title, item.task_id, item.id) for item in meeting.agenda)


class ReasonForm(PortalForm):
    """Why minutes are returned, or a meeting is called off."""

    comment = TextAreaField("理由", [DataRequired("请填写理由。"), MaxLength(REASON_LENGTH)])
