"""The sheet of a survey as pages need it: its fields, what is answered, and the figures (§12.2).

Built from the items of the edition that the survey took, so an older sheet stays readable. The
key of a field is ``item.key``; inside a matrix ``item.key.row.column``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from portal.models import Area, SurveyAnswer, SurveyItem, SurveyItemKind

Kind = SurveyItemKind
YES, NO = "yes", "no"
YES_NO = {YES: "是", NO: "否"}
PERCENT = "%"


@dataclass(frozen=True)
class Field:
    """One place of the sheet to be filled in, or computed. ``cell`` is "" outside a matrix."""

    item: SurveyItem
    kind: SurveyItemKind
    label: str
    unit: str
    row: str = ""
    column: str = ""
    row_label: str = ""
    column_label: str = ""
    over: str = ""
    under: str = ""

    @property
    def cell(self) -> str:
        """The place inside a matrix, as answers keep it."""
        return f"{self.row}.{self.column}" if self.row else ""

    @property
    def key(self) -> str:
        """What the field is called across editions; standards and goals name it so."""
        return f"{self.item.key}.{self.cell}" if self.row else self.item.key

    @property
    def name(self) -> str:
        """What the field is called in a form of this survey; fit for an id."""
        return f"a{self.item.id}-{self.row}-{self.column}" if self.row else f"a{self.item.id}"

    @property
    def choices(self) -> dict[str, str]:
        """The values that may be chosen, with their words."""
        if self.kind is Kind.YES_NO:
            return YES_NO
        return dict(self.item.options.get("choices", [])) if self.kind is Kind.CHOICE else {}

    def words(self, value: str) -> str:
        """Return ``value`` as it is read; empty for none."""
        if not value:
            return ""
        text = self.choices.get(value, value)
        return f"{text}{self.unit}" if self.unit == PERCENT else text


def fields_of(item: SurveyItem) -> list[Field]:
    """Return the fields of one item: one, or a matrix's cells row by row."""
    options = item.options
    if item.kind is not Kind.MATRIX:
        over, under = options.get("over", ""), options.get("under", "")
        return [Field(item, item.kind, item.label, item.unit, over=over, under=under)]
    kinds, units = options.get("cells", {}), options.get("units", {})
    found = []
    for row, row_label in options["rows"]:
        for column, column_label in options["columns"]:
            pair = options.get("ratios", {}).get(column)
            over, under = (f"{item.key}.{row}.{one}" for one in pair) if pair else ("", "")
            found.append(
                Field(
                    item,
                    Kind(kinds.get(column, Kind.NUMBER.value)),
                    f"{item.label}：{row_label}，{column_label}",
                    units.get(column, ""),
                    row,
                    column,
                    row_label,
                    column_label,
                    over,
                    under,
                )
            )
    return found


@dataclass(frozen=True)
class Section:
    """One page of the sheet, counted from one."""

    number: int
    title: str
    items: Sequence[SurveyItem]

    @property
    def area(self) -> Area | None:
        """The area of its items; None for facts about the hospital as a whole."""
        return self.items[0].area


@dataclass(frozen=True)
class Progress:
    """How many items are answered, and how many that must be are not."""

    done: int
    total: int
    required_missing: int


class Sheet:
    """The items of one edition with the answers of one survey. Asks no database."""

    def __init__(self, items: Sequence[SurveyItem], answers: Iterable[SurveyAnswer]) -> None:
        self.items = list(items)
        self.answers = {(one.item_id, one.cell): one for one in answers}
        self.fields = {item.id: fields_of(item) for item in self.items}

    @cached_property
    def sections(self) -> list[Section]:
        """The pages in order."""
        found: dict[str, list[SurveyItem]] = {}
        for item in self.items:
            found.setdefault(item.section, []).append(item)
        return [
            Section(number, title, items) for number, (title, items) in enumerate(found.items(), 1)
        ]

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Every field that can be filled in, by its name in a form."""
        return {
            field.name: field
            for fields in self.fields.values()
            for field in fields
            if field.kind is not Kind.RATIO
        }

    def rows(self, item: SurveyItem) -> list[list[Field]]:
        """Return the cells of a matrix, row by row."""
        fields = self.fields[item.id]
        width = len(item.options["columns"])
        return [fields[start : start + width] for start in range(0, len(fields), width)]

    def section_of(self, item: SurveyItem) -> Section:
        """Return the page ``item`` stands on."""
        return next(one for one in self.sections if one.title == item.section)

    def answer(self, field: Field) -> SurveyAnswer | None:
        """Return what is stored of a field, an emptied one included."""
        return self.answers.get((field.item.id, field.cell))

    def value(self, field: Field) -> str:
        """Return the stored text of a field, empty for none."""
        answer = self.answer(field)
        return answer.value if answer else ""

    def note(self, item: SurveyItem) -> str:
        """Return what was noted beside an item: why a figure cannot be given, what it counts."""
        answer = self.answers.get((item.id, ""))
        return answer.note if answer else ""

    @cached_property
    def values(self) -> dict[str, str]:
        """Every answered field's text by its key."""
        return {field.key: value for field in self.by_name.values() if (value := self.value(field))}

    @cached_property
    def figures(self) -> dict[str, Decimal]:
        """Every figure by its key, computed ratios included; what is not known is left out."""
        known = {
            field.key: answer.number
            for field in self.by_name.values()
            if (answer := self.answer(field)) is not None and answer.number is not None
        }
        for fields in self.fields.values():
            for field in fields:
                if field.kind is Kind.RATIO and (found := ratio(field, known)) is not None:
                    known[field.key] = found
        return known

    def words(self, field: Field) -> str:
        """Return what a field says on a page: the choice's words, the computed figure."""
        if field.kind is Kind.RATIO:
            figure = self.figures.get(field.key)
            return "" if figure is None else f"{plain(figure)}{PERCENT * (field.unit == PERCENT)}"
        return field.words(self.value(field))

    def has_answers(self, item: SurveyItem) -> bool:
        """Whether anything at all was answered of an item."""
        return any(self.value(field) for field in self.fields[item.id])

    def is_answered(self, item: SurveyItem) -> bool:
        """Whether an item needs nothing more; a note stands in for a figure nobody can give."""
        if self.note(item):
            return True
        fields = [field for field in self.fields[item.id] if field.kind is not Kind.RATIO]
        return all(self.value(field) or not self._is_wanted(field) for field in fields)

    def _is_wanted(self, field: Field) -> bool:
        """Whether a cell needs an answer: what is not there has no year and no number passed."""
        if not field.row:
            return True
        row = [one for one in self.fields[field.item.id] if one.row == field.row]
        pairs = [(one.over, one.under) for one in row if one.kind is Kind.RATIO]
        under = next((under for over, under in pairs if over == field.key), "")
        if under:
            return not self._is_none(next(one for one in row if one.key == under))
        counted = any(field.key in pair for pair in pairs)
        return counted or field is row[0] or not self._is_none(row[0])

    def _is_none(self, field: Field) -> bool:
        """Whether the answer is no, or nought."""
        answer = self.answer(field)
        return answer is not None and (answer.value == NO or answer.number == 0)

    def progress(self, items: Iterable[SurveyItem] | None = None) -> Progress:
        """Count the items of a page, or of the whole sheet; computed ones do not count."""
        asked = [one for one in items or self.items if one.kind is not Kind.RATIO]
        done = [one for one in asked if self.is_answered(one)]
        return Progress(
            len(done), len(asked), sum(one.is_required for one in asked if one not in done)
        )

    def required_missing(self) -> list[SurveyItem]:
        """Return the items that must be answered before the report and are not."""
        return [one for one in self.items if one.is_required and not self.is_answered(one)]

    def above_whole(self) -> list[tuple[SurveyItem, SurveyItem]]:
        """Return the items whose figure is a part, each with its whole that is smaller."""
        by_key = {item.key: item for item in self.items}
        pairs = [(item, by_key.get(item.options.get("max_of", ""))) for item in self.items]
        return [
            (item, whole)
            for item, whole in pairs
            if whole is not None
            and item.key in self.figures
            and whole.key in self.figures
            and self.figures[item.key] > self.figures[whole.key]
        ]

    def first_open(self) -> tuple[Section, SurveyItem | None]:
        """Return where to go on: the first unanswered item, those that must be answered first."""
        asked = [one for one in self.items if one.kind is not Kind.RATIO]
        unanswered = [one for one in asked if not self.is_answered(one)]
        item = next((one for one in unanswered if one.is_required), None)
        item = item or next(iter(unanswered), None)
        return (self.section_of(item) if item else self.sections[0]), item


def ratio(field: Field, figures: Mapping[str, Decimal]) -> Decimal | None:
    """Return ``over`` by ``under`` with two places; None where a part is missing or nought.

    A field whose unit is % is a hundred times that.
    """
    over, under = figures.get(field.over), figures.get(field.under)
    if over is None or not under:
        return None
    times = 100 if field.unit == PERCENT else 1
    return (over * times / under).quantize(Decimal("0.01"), ROUND_HALF_UP)


def plain(figure: Decimal) -> str:
    """Return a figure without needless noughts: 12, 0.35."""
    text = f"{figure:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
