"""Forms of the pairing pages."""

from wtforms import DateField, FieldList, Form, FormField, SelectField, StringField
from wtforms.validators import Optional, ValidationError

from portal.models import Duty, GroupRole, LeadershipGroup, Side
from portal.services.groups import MemberEntry
from portal.web.forms import MaxLength, PortalForm, choices

SPARE_LINES = 2


class MemberForm(Form):
    """One member. A line without a name counts as empty."""

    name = StringField("姓名", [MaxLength(40)])
    side = SelectField("单位", choices=choices(Side))
    job_title = StringField("职务", [MaxLength(60)])
    role = SelectField("组内职务", choices=choices(GroupRole))
    duty = SelectField("身份", choices=choices(Duty))


class EditGroupForm(PortalForm):
    """The whole group on one page."""

    established_on = DateField("成立日期", [Optional()])
    members = FieldList(FormField(MemberForm), label="成员")

    def validate_members(self, field: FieldList) -> None:
        """Ask for at least one member."""
        if not self.entries():
            raise ValidationError("请至少填写一名成员。")

    def entries(self) -> list[MemberEntry]:
        """Return the filled lines."""
        return [
            MemberEntry(
                line.data["name"].strip(),
                Side(line.data["side"]),
                line.data["job_title"].strip(),
                GroupRole(line.data["role"]),
                Duty(line.data["duty"]),
            )
            for line in self.members
            if (line.data["name"] or "").strip()
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
        for _ in range(SPARE_LINES):
            self.members.append_entry({"side": "supporting", "role": "member", "duty": "other"})
