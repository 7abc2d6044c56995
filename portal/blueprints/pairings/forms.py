"""Forms of the pairing pages."""

from collections.abc import Sequence

from wtforms import (
    DateField,
    FieldList,
    FormField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.models import Duty, GroupRole, LeadershipGroup, Pairing, Side
from portal.services.groups import MemberEntry
from portal.web.forms import LineForm, MaxLength, PortalForm, choices

SPARE_LINES = 2
MAX_LINES = 60


class MemberForm(LineForm):
    """One member. A line without a name counts as empty."""

    name = StringField("姓名", [MaxLength(40)])
    side = SelectField("单位", choices=choices(Side))
    job_title = StringField("职务", [MaxLength(60)])
    role = SelectField("组内职务", choices=choices(GroupRole))
    duty = SelectField("身份", choices=choices(Duty))


class EditGroupForm(PortalForm):
    """The whole group on one page."""

    established_on = DateField("成立日期", [Optional()])
    members = FieldList(FormField(MemberForm), label="成员", max_entries=MAX_LINES)

    def name_sides(self, pairing: Pairing) -> None:
        """Offer the two hospitals by name."""
        for line in self.members:
            line.form.side.choices = [
                SelectChoice(side.value, pairing.organisation_on(side).short_name) for side in Side
            ]

    def validate_members(self, field: FieldList) -> None:
        """Ask for at least one member."""
        if not any(line.data["name"] for line in field):
            raise ValidationError("请至少填写一名成员。")

    def entries(self) -> list[MemberEntry]:
        """Return the filled lines."""
        return [
            MemberEntry(
                line.data["name"],
                Side(line.data["side"]),
                line.data["job_title"],
                GroupRole(line.data["role"]),
                Duty(line.data["duty"]),
            )
            for line in self.members
            if line.data["name"]
        ]

    def fill(self, group: LeadershipGroup | None, seats: list[dict[str, str]]) -> None:
        """Show the members, a line for every empty seat, and two spare lines."""
        self.established_on.data = group.established_on if group else None
        for member in group.current_members if group else []:
            self.members.append_entry(
                {
                    "name": member.name,
                    "side": member.side.value,
                    "job_title": member.job_title,
                    "role": member.role.value,
                    "duty": member.duty.value,
                }
            )
        for seat in seats:
            self.members.append_entry(seat)
        self.add_lines()

    def add_lines(self) -> None:
        """Show two more empty lines, as far as the group may grow."""
        for _ in range(min(SPARE_LINES, MAX_LINES - len(self.members))):
            self.members.append_entry({"side": "supporting", "role": "member", "duty": "other"})


class CopyGroupForm(PortalForm):
    """Which of the hospital's other pairings get its members."""

    targets = SelectMultipleField(
        "复制到",
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, pairings: Sequence[Pairing]) -> None:
        """Offer the pairings."""
        self.targets.choices = [SelectChoice(one.id, one.title) for one in pairings]

    def validate_targets(self, field: SelectMultipleField) -> None:
        """Ask for at least one."""
        if not field.data:
            raise ValidationError("请至少选择一个结对。")
