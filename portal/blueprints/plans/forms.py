"""Forms of the plan's pages."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from wtforms import (
    DateField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Optional

from portal.models import Area, BaseKind, Evidence, Plan, SiteSurvey
from portal.policies.goal_figures import NAME_LENGTH, UNIT_LENGTH, show_number
from portal.queries.plan_builder import SurveyFigure
from portal.services.goal_figures import FigureEntry
from portal.services.met_targets import STATEMENT_LENGTH
from portal.web.forms import MaxLength, PortalForm, choices

GOAL_LENGTH = 1000


class WithdrawForm(PortalForm):
    """Why an endorsement is taken back."""

    reason = TextAreaField("撤回原因", [DataRequired("请填写撤回原因。"), MaxLength(500)])


class PickForm(PortalForm):
    """Which pairings get which standard tasks, counted from which day.

    The ids are checked against what the viewer may see, not against a list of choices:
    a foreign pairing is a thing that does not exist.
    """

    pairing = SelectMultipleField("结对", coerce=int, validate_choice=False, choices=[])
    task = SelectMultipleField("标准任务", coerce=int, validate_choice=False, choices=[])
    starts_on = DateField(
        "起算日",
        [Optional()],
        description="各项期限自这一天起按月推算；留空则从各计划的起始日起算",
    )
    kind = SelectField(
        "适用基地",
        choices=choices(BaseKind, blank="受援基地的类型"),
        default="",
        description="只列出适用于这类基地的标准任务",
    )


class GoalsForm(PortalForm):
    """A text for each year and area; the fields are added by :func:`goals_form`."""

    years: tuple[int, ...] = ()

    def field_of(self, year: int, area: Area) -> TextAreaField:
        """Return the field of one year and area."""
        return self[f"goal-{year}-{area.value}"]

    def goals(self) -> dict[tuple[int, Area], str]:
        """Return what was typed, by year and area."""
        return {
            (year, area): self.field_of(year, area).data or ""
            for year in self.years
            for area in Area
        }


@cache
def goals_form(years: tuple[int, ...]) -> type[GoalsForm]:
    """Return the form for a plan of ``years``."""
    fields: dict[str, Any] = {"years": years}
    for year in years:
        for area in Area:
            fields[f"goal-{year}-{area.value}"] = TextAreaField(
                f"{area.label}：第{year}年", [MaxLength(GOAL_LENGTH)]
            )
    fields["also"] = SelectMultipleField(
        "同时用于其他结对", coerce=int, validate_choice=False, choices=[]
    )
    return type("PlanGoalsForm", (GoalsForm,), fields)


class MetTargetForm(PortalForm):
    """Why a core task need not be in the plan, and what shows it."""

    statement = TextAreaField(
        "已达到的程度",
        [DataRequired("请写明已达到的程度，如文号、数据和时间。"), MaxLength(STATEMENT_LENGTH)],
        description="对照验收标准写明文号、数据和时间",
    )
    met_on = DateField("达标日期", [DataRequired("请填写达标日期，如 2020-03-31。")])
    evidence = SelectField(
        "佐证材料", description="受援医院佐证库中的材料；计划生效后，这件材料不能再变动"
    )
    survey = SelectField("或以实地调研为依据")

    def offer(self, proofs: Sequence[Evidence], surveys: Sequence[SiteSurvey]) -> None:
        """Offer what can show it."""
        pieces = [(str(one.id), one.title) for one in proofs]
        visits = [(str(one.id), f"{one.title}（{one.starts_on}）") for one in surveys]
        for field, options in ((self.evidence, pieces), (self.survey, visits)):
            field.choices = [SelectChoice("", "不选"), *(SelectChoice(*one) for one in options)]


class FiguresForm(PortalForm):
    """The figures of a plan, line by line; the fields are added by :func:`figures_form`."""

    years: tuple[int, ...] = ()
    lines: int = 0

    def entries(self) -> list[FigureEntry]:
        """Return every line as typed."""
        return [self._entry(at) for at in range(self.lines)]

    def _entry(self, at: int) -> FigureEntry:
        text = {name: self[f"{name}-{at}"].data or "" for name in FIGURE_FIELDS}
        targets = tuple(self[f"target{year}-{at}"].data or "" for year in self.years)
        area = self[f"area-{at}"].data
        return FigureEntry(
            area=Area(area) if area in {one.value for one in Area} else Area.DEPARTMENT,
            name=text["name"],
            unit=text["unit"],
            baseline=text["baseline"],
            targets=targets,
            item_key=text["item_key"],
        )

    def fill(self, entries: Sequence[FigureEntry]) -> None:
        """Show ``entries``, one on each line; the lines behind them are blank."""
        blank = FigureEntry(Area.DEPARTMENT, "")
        for at in range(self.lines):
            entry = entries[at] if at < len(entries) else blank
            self[f"area-{at}"].data = entry.area.value
            for name in FIGURE_FIELDS:
                self[f"{name}-{at}"].data = getattr(entry, name)
            for year in self.years:
                given = entry.targets[year - 1 : year]
                self[f"target{year}-{at}"].data = given[0] if given else ""


FIGURE_FIELDS = ("name", "unit", "baseline", "item_key")
MAX_LINES = 100


@cache
def figures_form(years: tuple[int, ...], lines: int) -> type[FiguresForm]:
    """Return the form for so many lines of a plan of ``years``."""
    fields: dict[str, Any] = {"years": years, "lines": lines}
    for at in range(lines):
        fields[f"area-{at}"] = SelectField("领域", choices=choices(Area))
        fields[f"name-{at}"] = StringField("指标名称", [MaxLength(NAME_LENGTH)])
        fields[f"unit-{at}"] = StringField("单位", [MaxLength(UNIT_LENGTH)])
        fields[f"baseline-{at}"] = StringField("基线值", [MaxLength(20)])
        fields[f"item_key-{at}"] = HiddenField("调研项目", [MaxLength(60)])
        for year in years:
            fields[f"target{year}-{at}"] = StringField(f"第{year}年目标值", [MaxLength(20)])
    return type("PlanFiguresForm", (FiguresForm,), fields)


def figure_entries(plan: Plan) -> list[FigureEntry]:
    """Return the plan's figures as the form shows them."""
    years = plan.pairing.programme.years
    return [
        FigureEntry(
            area=row.area,
            name=row.name,
            unit=row.unit,
            baseline=show_number(row.baseline),
            targets=tuple(show_number(row.targets.get(str(year))) for year in years),
            item_key=row.item_key,
        )
        for row in plan.figures
    ]


def entry_from(found: SurveyFigure) -> FigureEntry:
    """Return a line that takes its baseline from a survey."""
    return FigureEntry(
        area=found.area or Area.DEPARTMENT,
        name=found.label,
        unit=found.unit,
        baseline=show_number(found.number),
        item_key=found.key,
    )
