"""Forms of the survey pages; the sheet itself has one field for each question of its edition."""

from collections.abc import Iterable

from wtforms import DateField, FieldList, FormField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Optional

from portal.models import Pairing, Side, SiteSurvey
from portal.services.survey_reports import TEXT_LENGTH
from portal.services.surveys import DepartmentEntry, SurveyEntry, TeamEntry
from portal.web.forms import LineForm, MaxLength, PortalForm, choices, keep_despite_warning

SPARE_LINES = 1
MOST_LINES = 40
REASON_LENGTH = 1000
NOTE_LENGTH = 1000


class TeamLineForm(LineForm):
    """One person. A line without a name counts as empty."""

    name = StringField("姓名", [MaxLength(40)])
    side = SelectField("单位", choices=choices(Side))
    job_title = StringField("职务", [MaxLength(60)])


class DepartmentLineForm(LineForm):
    """One department. A line without a name counts as empty."""

    name = StringField("科室", [MaxLength(60)])
    seen_on = DateField("走访日期", [Optional()])
    note = TextAreaField("走访记录", [MaxLength(NOTE_LENGTH)])


class PlanSurveyForm(PortalForm):
    """A visit on one page."""

    title = StringField("调研名称", [DataRequired("请填写调研名称。"), MaxLength(100)])
    starts_on = DateField("开始日期", [DataRequired("请填写开始日期。")])
    ends_on = DateField("结束日期", [DataRequired("请填写结束日期。")])
    members = FieldList(FormField(TeamLineForm), label="调研组", max_entries=MOST_LINES)
    departments = FieldList(FormField(DepartmentLineForm), label="走访科室", max_entries=MOST_LINES)

    def name_sides(self, pairing: Pairing) -> None:
        """Offer the two hospitals by name."""
        for line in self.members:
            line.form.side.choices = [
                SelectChoice(side.value, pairing.organisation_on(side).short_name) for side in Side
            ]

    def entry(self) -> SurveyEntry:
        """Return what the form says."""
        return SurveyEntry(
            self.title.data, self.starts_on.data, self.ends_on.data, self.team(), self.seen()
        )

    def team(self) -> list[TeamEntry]:
        """Return the filled lines of the team."""
        return [
            TeamEntry(
                line.form.name.data, Side(line.form.side.data), line.form.job_title.data or ""
            )
            for line in self.members
            if line.form.name.data
        ]

    def seen(self) -> list[DepartmentEntry]:
        """Return the filled lines of the departments."""
        return [
            DepartmentEntry(line.form.name.data, line.form.seen_on.data, line.form.note.data or "")
            for line in self.departments
            if line.form.name.data
        ]

    def offer(self, team: Iterable[TeamEntry], departments: Iterable[str]) -> None:
        """Show whom and what a new survey may take over, and spare lines."""
        for one in team:
            self.members.append_entry(
                {"name": one.name, "side": one.side.value, "job_title": one.job_title}
            )
        for name in departments:
            self.departments.append_entry({"name": name})
        self.add_lines()

    def fill(self, survey: SiteSurvey) -> None:
        """Show a survey that was planned."""
        self.title.data = survey.title
        self.starts_on.data, self.ends_on.data = survey.starts_on, survey.ends_on
        for one in survey.departments:
            self.departments.append_entry(
                {"name": one.name, "seen_on": one.seen_on, "note": one.note}
            )
        members = [TeamEntry(one.name, one.side, one.job_title) for one in survey.members]
        self.offer(members, ())

    def add_lines(self) -> None:
        """Show more empty lines, as far as there may be more."""
        for _ in range(min(SPARE_LINES, MOST_LINES - len(self.members))):
            self.members.append_entry({"side": Side.SUPPORTING.value})
        for _ in range(min(SPARE_LINES, MOST_LINES - len(self.departments))):
            self.departments.append_entry({})


class ReasonForm(PortalForm):
    """Why a survey is called off, or its report goes back to the field."""

    comment = TextAreaField("理由", [DataRequired("请填写理由。"), MaxLength(REASON_LENGTH)])


class WriteReportForm(PortalForm):
    """Summary and advice of the report."""

    summary = TextAreaField(
        "调研小结",
        [MaxLength(TEXT_LENGTH)],
        description="总体情况、主要短板和已有基础；各项数据在报告中自动列出，不必重抄。",
    )
    advice = TextAreaField(
        "帮扶建议",
        [MaxLength(TEXT_LENGTH)],
        description="双方商定从哪里着手、谁来牵头；具体任务在帮扶计划中安排。",
    )


class AddPhotosForm(PortalForm):
    """Photos beside one item; the files are read from the request."""

    caption = StringField("照片说明", [MaxLength(100)])
    despite_warning = keep_despite_warning()
    warned = False


class WithdrawPhotoForm(PortalForm):
    """Why a photo is taken out of the report."""

    reason = StringField("撤回理由", [DataRequired("请填写撤回的理由。"), MaxLength(200)])
