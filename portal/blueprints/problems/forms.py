"""Forms of the problem pages."""

from typing import Any

from wtforms import (
    DateField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired

from portal import clock
from portal.errors import NotVisible
from portal.models import Area, Problem, ProblemSource, Severity
from portal.queries.gaps import ProblemHint
from portal.row_ids import LARGEST_ID, row_id
from portal.services.problems import LABELS, ProblemEntry
from portal.web.forms import MaxLength, PortalForm, choices

LONG_TEXT = 5000


class ProblemForm(PortalForm):
    """One problem on one page."""

    area = SelectField(
        LABELS["area"],
        [DataRequired("请选择问题属于哪个领域。")],
        choices=choices(Area, blank="请选择"),
    )
    title = StringField(LABELS["title"], [DataRequired("请用一句话写明问题。"), MaxLength(100)])
    severity = SelectField(LABELS["severity"], choices=choices(Severity))
    source = SelectField(LABELS["source"], choices=choices(ProblemSource))
    found_on = DateField(LABELS["found_on"], [DataRequired("请填写发现日期，如 2020-06-01。")])
    description = TextAreaField(
        LABELS["description"],
        [MaxLength(LONG_TEXT)],
        description="看到了什么、现有数字是多少、与哪条标准有差距",
    )
    need = TextAreaField(
        LABELS["need"], [MaxLength(LONG_TEXT)], description="解决这个问题，受援方需要什么帮助"
    )
    goal = TextAreaField(
        LABELS["goal"], [MaxLength(LONG_TEXT)], description="解决到什么程度，尽量写明数值和时间"
    )
    survey_id = HiddenField()
    item_id = HiddenField()

    def entry(self) -> ProblemEntry:
        """Return what the form says. Only after it was found valid."""
        return ProblemEntry(
            area=Area(self.area.data),
            title=self.title.data,
            severity=Severity(self.severity.data),
            source=ProblemSource(self.source.data),
            found_on=self.found_on.data,
            description=self.description.data or "",
            need=self.need.data or "",
            goal=self.goal.data or "",
            survey_id=row_id(self.survey_id.data),
            item_id=row_id(self.item_id.data),
        )

    def fill(self, problem: Problem) -> None:
        """Show ``problem`` as it stands."""
        for name in LABELS:
            self[name].data = getattr(problem, name)

    def open_with(self, hint: ProblemHint) -> None:
        """Show what the survey says already."""
        self.survey_id.data = str(hint.survey.id)
        self.source.data = ProblemSource.SURVEY.value
        self.found_on.data = min(hint.survey.starts_on, clock.today())
        self.title.data, self.goal.data = hint.title, hint.goal
        self.description.data = hint.description
        if hint.field is not None:
            self.item_id.data = str(hint.field.item.id)
        if hint.area is not None:
            self.area.data = hint.area.value

    def fix_source(self) -> None:
        """Offer no other source than the survey that the problem comes from."""
        self.source.choices = [
            one for one in self.source.choices if one.value == ProblemSource.SURVEY.value
        ]

    def shown(self) -> list[tuple[str, str]]:
        """Return what was typed, field by field, to be laid beside what was saved."""
        return [(LABELS[name], _shown(self[name], self[name].data)) for name in LABELS]

    def shown_of(self, problem: Problem) -> list[tuple[str, str]]:
        """Return what ``problem`` says now, in the same order as :meth:`shown`."""
        return [(LABELS[name], _shown(self[name], getattr(problem, name))) for name in LABELS]


class AnswerForm(PortalForm):
    """Which standard tasks and which tasks of the plan answer a problem.

    The ids are checked against the published library and the pairing's own tasks.
    """

    library = SelectMultipleField("标准任务", coerce=int, validate_choice=False, choices=[])
    task = SelectMultipleField("计划中的任务", coerce=int, validate_choice=False, choices=[])

    def validate_task(self, field: SelectMultipleField) -> None:
        """Let no number through that no row can have."""
        if any(not 0 < number <= LARGEST_ID for number in field.data or ()):
            raise NotVisible()


class DismissForm(PortalForm):
    """Why a problem is not taken on."""

    reason = TextAreaField(
        "不列入帮扶的原因",
        [DataRequired("请填写不列入帮扶的原因。"), MaxLength(1000)],
        description="如超出帮扶范围、已由其他项目解决",
    )


def _shown(field: Any, value: Any) -> str:
    """Return a field's value in words."""
    if isinstance(field, SelectField):
        return next((one.label for one in field.choices if one.value == value), "")
    return str(value or "")
