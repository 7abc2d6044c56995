"""Forms of the assessment pages. The sheet's own forms are built from the scheme's items."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.models import Assessment, AssessmentScore, ItemMode, Programme, User
from portal.queries.assessment_sheet import Line
from portal.scoring.arithmetic import score_problem
from portal.services.sheet_entries import (
    ReviewEntry,
    SelfEntry,
    caps_values,
    fingerprint,
    review_values,
    self_values,
)
from portal.web.forms import MaxLength, PortalForm

TEXT_LIMIT = 2000
NUMBER = re.compile(r"[+-]?\d{1,6}(\.\d{0,6})?")


class ScoreField(StringField):
    """A score between nothing and ``points``; what cannot be read stays in the field as typed."""

    def __init__(self, label: str, *, points: Decimal, **options: Any) -> None:
        super().__init__(label, **options)
        self.points = points

    @property
    def score(self) -> Decimal | None:
        """The number, or None for an empty field. Only for a field that validated."""
        text = self._text()
        return Decimal(text) if text else None

    def pre_validate(self, form: Any) -> None:
        """Refuse what is no number, out of range or too precise, each in a sentence."""
        text = self._text()
        if not text:
            return
        if not NUMBER.fullmatch(text):
            raise ValidationError("请填写数字，例如 2 或 1.5。")
        if problem := score_problem(Decimal(text), self.points):
            raise ValidationError(problem)

    def _text(self) -> str:
        """Full-width digits, as a Chinese keyboard types them, are digits too."""
        return unicodedata.normalize("NFKC", self.data or "").strip()


class SelfSheetForm(PortalForm):
    """One side's self scores: ``score_<item>``, ``note_<item>`` and what the page showed."""

    lines: Sequence[Line]

    def fill(self) -> None:
        """Show what is stored."""
        for line in self.lines:
            if line.score is not None:
                self._show(line, line.score)
        self.remember()

    def _show(self, line: Line, score: AssessmentScore) -> None:
        self[f"score_{line.item.id}"].data = _shown(score.self_score)
        self[f"note_{line.item.id}"].data = score.self_note

    def remember(self) -> None:
        """Let the page carry the mark of what is stored now."""
        for line in self.lines:
            if line.score is not None:
                self[f"seen_{line.item.id}"].data = fingerprint(self_values(line.score))

    def meet_others(self) -> None:
        """After a conflict: keep what was typed, take over what only others changed."""
        typed = self.entries()
        for line in self.lines:
            entry = typed.get(line.item.id)
            if entry and line.score and fingerprint(entry.values) == entry.seen:
                self._show(line, line.score)
        self.remember()

    def entries(self) -> dict[int, SelfEntry]:
        """Return what was sent, by item; items the page did not send are left alone."""
        return {
            id_: SelfEntry(
                self[f"score_{id_}"].score,
                self[f"note_{id_}"].data or "",
                self[f"seen_{id_}"].data or None,
            )
            for id_ in (line.item.id for line in self.lines)
            if self[f"score_{id_}"].raw_data
        }


class ReviewSheetForm(PortalForm):
    """The reviewer's scores; the centre's form also holds N/A and the caps."""

    lines: Sequence[Line]
    assessment: Assessment
    centre: bool

    def fill(self) -> None:
        """Show what is stored; a judged item nobody reviewed yet starts empty."""
        for line in self.lines:
            if line.score is not None:
                self._show(line, line.score)
        self._show_caps()
        self.remember()

    def _show(self, line: Line, score: AssessmentScore) -> None:
        id_ = line.item.id
        if line.item.mode is ItemMode.JUDGED:
            self[f"score_{id_}"].data = _shown(score.review_score)
            self[f"reason_{id_}"].data = score.review_reason
        if self.centre:
            self[f"na_{id_}"].data = score.not_applicable
            self[f"na_reason_{id_}"].data = score.na_reason

    def _show_caps(self) -> None:
        for cap in self.assessment.scheme.caps if self.centre else []:
            self[f"cap_{cap['key']}"].data = cap["key"] in self.assessment.caps
            self[f"cap_reason_{cap['key']}"].data = self.assessment.caps.get(cap["key"], "")

    def _seen_caps(self) -> str | None:
        return self["seen_caps"].data if self.centre else None

    def remember(self) -> None:
        """Let the page carry the mark of what is stored now."""
        for line in self.lines:
            if line.score is not None:
                self[f"seen_{line.item.id}"].data = fingerprint(review_values(line.score))
        if self.centre:
            self["seen_caps"].data = fingerprint(caps_values(self.assessment.caps))

    def meet_others(self) -> None:
        """After a conflict: keep what was typed, take over what only others changed."""
        typed = self.entries()
        for line in self.lines:
            entry = typed.get(line.item.id)
            if entry and line.score and fingerprint(entry.values) == entry.seen:
                self._show(line, line.score)
        if fingerprint(caps_values(self.caps() or {})) == self._seen_caps():
            self._show_caps()
        self.remember()

    def entries(self) -> dict[int, ReviewEntry]:
        """Return what was sent, by item; items the page did not send are left alone."""
        return {
            line.item.id: self._entry(line)
            for line in self.lines
            if self[f"seen_{line.item.id}"].raw_data
        }

    def _entry(self, line: Line) -> ReviewEntry:
        id_ = line.item.id
        judged = line.item.mode is ItemMode.JUDGED
        return ReviewEntry(
            self[f"score_{id_}"].score if judged else None,
            (self[f"reason_{id_}"].data or "") if judged else "",
            bool(self.centre and self[f"na_{id_}"].data),
            (self[f"na_reason_{id_}"].data or "") if self.centre else "",
            self[f"seen_{id_}"].data or None,
        )

    def caps(self) -> dict[str, str] | None:
        """Return the ticked caps with their reasons; None for who does not decide them."""
        if not self.centre or not self["seen_caps"].raw_data:
            return None
        keys = [cap["key"] for cap in self.assessment.scheme.caps]
        return {
            key: self[f"cap_reason_{key}"].data or "" for key in keys if self[f"cap_{key}"].data
        }


def self_sheet_form(lines: Iterable[Line]) -> SelfSheetForm:
    """Build the form of the lines that one side scores."""
    mine = list(lines)
    fields: dict[str, Any] = {"lines": mine}
    for line in mine:
        name = f"{line.item.code} {line.item.title}"
        fields[f"score_{line.item.id}"] = ScoreField(f"{name}：自评得分", points=line.item.points)
        fields[f"note_{line.item.id}"] = TextAreaField(f"{name}：自评说明", [MaxLength(TEXT_LIMIT)])
        fields[f"seen_{line.item.id}"] = HiddenField()
    form: SelfSheetForm = type("SelfSheetForm", (SelfSheetForm,), fields)()
    return form


def review_sheet_form(
    assessment: Assessment, lines: Iterable[Line], *, centre: bool
) -> ReviewSheetForm:
    """Build the form of the lines that a reviewer scores."""
    shown = [line for line in lines if centre or line.item.mode is ItemMode.JUDGED]
    fields: dict[str, Any] = {"lines": shown, "assessment": assessment, "centre": centre}
    for line in shown:
        id_, name = line.item.id, f"{line.item.code} {line.item.title}"
        if line.item.mode is ItemMode.JUDGED:
            fields[f"score_{id_}"] = ScoreField(f"{name}：评审得分", points=line.item.points)
            fields[f"reason_{id_}"] = TextAreaField(f"{name}：评审理由", [MaxLength(TEXT_LIMIT)])
        if centre:
            fields[f"na_{id_}"] = BooleanField(f"{name}：本项不适用")
            fields[f"na_reason_{id_}"] = StringField(
                f"{name}：不适用的理由", [MaxLength(TEXT_LIMIT)]
            )
        fields[f"seen_{id_}"] = HiddenField()
    for cap in assessment.scheme.caps if centre else []:
        fields[f"cap_{cap['key']}"] = BooleanField(cap["title"], description=cap["effect"])
        fields[f"cap_reason_{cap['key']}"] = StringField(
            f"{cap['title']}：认定依据", [MaxLength(TEXT_LIMIT)]
        )
    if centre:
        fields["seen_caps"] = HiddenField()
    form: ReviewSheetForm = type("ReviewSheetForm", (ReviewSheetForm,), fields)()
    return form


def _shown(score: Decimal | None) -> str:
    return "" if score is None else f"{score:.2f}"


class ReturnSelfForm(PortalForm):
    """The centre sends the self-assessment back."""

    return_reason = TextAreaField(
        "退回理由",
        [InputRequired("请填写退回理由，说明需要补充或修改什么。"), MaxLength(TEXT_LIMIT)],
    )


class AppealForm(PortalForm):
    """A hospital appeals against the provisional result."""

    appeal_reason = TextAreaField(
        "申诉理由",
        [InputRequired("请填写申诉理由，写明对哪一项、依据是什么。"), MaxLength(TEXT_LIMIT)],
        description="写明对哪一项有异议，依据哪些材料。",
    )


class AnswerAppealForm(PortalForm):
    """The centre answers an appeal."""

    decision = RadioField(
        "处理决定",
        [InputRequired("请选择处理决定。")],
        choices=[
            SelectChoice("uphold", "维持初评结果"),
            SelectChoice("review", "重新评审"),
        ],
    )
    retake = BooleanField(
        "重新评审时按现有台账重新取数", description="仅在申诉涉及自动计算的数据时勾选。"
    )
    appeal_reply = TextAreaField(
        "答复意见", [InputRequired("请填写对申诉的答复。"), MaxLength(TEXT_LIMIT)]
    )


class AssignExpertForm(PortalForm):
    """The centre lets an expert score the sheet."""

    expert = SelectField("评审专家", [InputRequired("请选择专家。")], coerce=int)

    def offer(self, experts: Iterable[User]) -> None:
        """Offer these experts."""
        self.expert.choices = [
            SelectChoice(
                one.id, f"{one.name}（{one.organisation_name}）" if one.organisation else one.name
            )
            for one in experts
        ]


class OpenAssessmentsForm(PortalForm):
    """The centre opens a year for the pairings of a programme."""

    year = SelectField("考核年度", coerce=int)
    cutoff_on = DateField(
        "考核截止日",
        [Optional()],
        description="不填为当年 12 月 31 日；自动指标按这一天的台账计算。",
    )
    pairings = SelectMultipleField(
        "参加考核的结对",
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )

    def offer(self, programme: Programme) -> None:
        """Offer the programme's years and pairings."""
        years = range(programme.starts_on.year, programme.ends_on.year + 1)
        self.year.choices = [SelectChoice(year, f"{year} 年度") for year in years]
        self.pairings.choices = [
            SelectChoice(pairing.id, f"{pairing.sequence}. {pairing.title}")
            for pairing in programme.pairings
        ]
