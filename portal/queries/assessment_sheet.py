"""The sheet of one assessment: the scheme's tree with every score beside its item."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.models import (
    Area,
    Assessment,
    AssessmentScore,
    Grade,
    ItemMode,
    ScoreItem,
    Side,
)
from portal.policies.assessments import scoring_side
from portal.queries.assessments import figures_of
from portal.scoring.arithmetic import ZERO
from portal.scoring.facts import Figure
from portal.scoring.totals import Band, Cap, Leaf, Result, applicable_of, earned_of, judge

AREA_CODES = dict(zip(("3A", "3B", "3C", "3D", "3E"), Area, strict=True))
"""The scheme's groups that answer to the five areas of the notice."""


@dataclass(frozen=True)
class Line:
    """One row of the sheet: a group with its subtotals, or a leaf with its scores.

    ``claimed`` is what the hospitals and the ledger say, ``counted`` what the review says;
    both leave out items that do not apply, as ``applicable`` does.
    """

    item: ScoreItem
    depth: int
    score: AssessmentScore | None
    figure: Figure | None
    claimed: Decimal | None
    counted: Decimal | None
    applicable: Decimal
    area: Area | None

    @property
    def is_group(self) -> bool:
        """Whether this row only sums up the rows below it."""
        return self.score is None

    @property
    def self_side(self) -> Side | None:
        """Who fills in the self score."""
        return scoring_side(self.item)


@dataclass(frozen=True)
class Sheet:
    """All rows in the scheme's order, and the sums at its foot."""

    lines: Sequence[Line]
    claimed: Decimal
    counted: Decimal
    applicable: Decimal

    @property
    def leaves(self) -> list[Line]:
        """The scored rows alone."""
        return [line for line in self.lines if not line.is_group]

    def leaf(self, item_id: int) -> Line | None:
        """Return the scored row of an item, if the scheme has one."""
        return next((line for line in self.leaves if line.item.id == item_id), None)


def sheet_of(assessment: Assessment) -> Sheet:
    """Return the sheet; its figures are the frozen ones, or the ledger's of this moment."""
    items = assessment.scheme.items
    scores = {score.item_id: score for score in assessment.scores}
    figures = figures_of(assessment)
    below = _leaves_below(items)
    parents = {item.id: item.parent_id for item in items}
    areas = {item.id: AREA_CODES[item.code] for item in items if item.code in AREA_CODES}
    lines = []
    for item in items:
        path = _path(item.id, parents)
        leaves = [scores[id_] for id_ in below[item.id] if id_ in scores]
        lines.append(
            Line(
                item,
                len(path) - 1,
                scores.get(item.id),
                figures.get(item.id),
                claimed=_sum(claimed_leaf(score, figures) for score in leaves),
                counted=_sum(counted_leaf(score, figures) for score in leaves),
                applicable=applicable_of(counted_leaf(score, figures) for score in leaves),
                area=next((areas[id_] for id_ in path if id_ in areas), None),
            )
        )
    everything = list(scores.values())
    return Sheet(
        lines,
        earned_of(claimed_leaf(score, figures) for score in everything),
        earned_of(counted_leaf(score, figures) for score in everything),
        applicable_of(counted_leaf(score, figures) for score in everything),
    )


def claimed_leaf(score: AssessmentScore, figures: Mapping[int, Figure]) -> Leaf:
    """Return the leaf as the hospitals and the ledger have it."""
    return _leaf(score, figures, score.self_score)


def counted_leaf(score: AssessmentScore, figures: Mapping[int, Figure]) -> Leaf:
    """Return the leaf as it counts: the ledger's figure, or the reviewer's score."""
    return _leaf(score, figures, score.review_score)


def _leaf(score: AssessmentScore, figures: Mapping[int, Figure], judged: Decimal | None) -> Leaf:
    figure = figures.get(score.item_id)
    automatic = figure.score if figure else None
    value = automatic if score.item.mode is ItemMode.AUTOMATIC else judged
    return Leaf(score.item.points, score.item.side, value, score.not_applicable)


def _sum(leaves: Iterable[Leaf]) -> Decimal | None:
    """Return what the leaves earned, or None while none of them has a score."""
    known = [leaf for leaf in leaves if leaf.score is not None and not leaf.not_applicable]
    return earned_of(known) if known else None


def _path(item_id: int, parents: Mapping[int, int | None]) -> list[int]:
    """Return the item and all it hangs below, innermost first."""
    path = [item_id]
    while (parent := parents[path[-1]]) is not None:
        path.append(parent)
    return path


def _leaves_below(items: Iterable[ScoreItem]) -> dict[int, list[int]]:
    """Return the leaves under each item; a leaf is its own only one."""
    items = list(items)
    parents = {item.id: item.parent_id for item in items}
    below: dict[int, list[int]] = {item.id: [] for item in items}
    for item in items:
        if item.is_leaf:
            for id_ in _path(item.id, parents):
                below[id_].append(item.id)
    return below


def caps_of(assessment: Assessment) -> list[Cap]:
    """Return the scheme's caps that were found to apply."""
    return [
        Cap(
            entry["key"],
            entry["title"],
            Grade(entry["max_grade"]) if entry["max_grade"] else None,
            Decimal(entry["deduct"]),
            entry["void"],
        )
        for entry in assessment.scheme.caps
        if entry["key"] in assessment.caps
    ]


def verdict_of(assessment: Assessment) -> Result:
    """Compute the verdict from the scores as they stand; nothing missing is checked here."""
    figures = figures_of(assessment)
    programme = assessment.pairing.programme
    return judge(
        [counted_leaf(score, figures) for score in assessment.scores],
        caps=caps_of(assessment),
        grades=[
            Band(Decimal(entry["min"]), Grade(entry["grade"])) for entry in assessment.scheme.grades
        ],
        bonus_bands=[Band(band.min_score, band.points) for band in programme.bonus_bands]
        or [Band(ZERO, ZERO)],
        bonus_enabled=programme.bonus_enabled,
    )
