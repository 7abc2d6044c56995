"""The demonstration's assessments of 2020, each at another stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from portal import clock
from portal.demo.cast import account
from portal.demo.papers import paper
from portal.demo.story import Story
from portal.models import Assessment, EvidenceKind, ItemMode, Pairing, Side, User
from portal.policies.assessments import scoring_side
from portal.policies.evidence_places import Place
from portal.services import (
    assessment_reviews,
    assessments,
    evidence,
    evidence_reviews,
    evidence_uses,
    files,
)
from portal.services.sheet_entries import ReviewEntry, SelfEntry

YEAR = 2020
OPENED, SELF_DONE, REVIEWED, ISSUED, PUBLISHED = (
    date(2021, 1, 8),
    date(2021, 1, 26),
    date(2021, 2, 5),
    date(2021, 2, 22),
    date(2021, 3, 4),
)
# Points taken off by code, in quarters of the item's maximum: what a fair sheet looks like.
DEDUCTIONS = {"A2": 2, "B4": 2, "C1": 2, "D2": 1, "D3": 1, "E2": 1, "4.1": 1, "4.3": 2, "5.1": 1}


@dataclass(frozen=True)
class Strictness:
    """How much the self score and the reviewer take off."""

    self_quarters: int
    review_quarters: int


def open_year(pairings: Sequence[Pairing]) -> dict[int, Assessment]:
    """Let the centre open the year for ``pairings``; return the assessments by pairing."""
    programme = pairings[0].programme
    with clock.at(OPENED, 9):
        opened = assessments.open_assessments(
            programme, pairings, year=YEAR, actor=account("zhongxin-reviewer")
        )
    return {one.pairing_id: one for one in opened}


def hand_in(story: Story, assessment: Assessment, *sides: Side) -> None:
    """Let the sides fill in and hand in their self-assessment."""
    for side in sides:
        home = story.supporting if side is Side.SUPPORTING else story.supported
        entries = {
            score.item_id: SelfEntry(
                _points(score.item.points, score.item.code, 0), "见佐证材料和台账"
            )
            for score in assessment.scores
            if scoring_side(score.item) is side
        }
        _prove(story, assessment, side, home.coordinator)
        with clock.at(SELF_DONE, 15):
            assessments.save_self(assessment, entries, actor=home.coordinator)
            assessments.submit_self(assessment, actor=home.coordinator)


def _prove(story: Story, assessment: Assessment, side: Side, actor: User) -> None:
    """Attach a paper, which the other side accepts, to each item the side scores itself."""
    day = SELF_DONE
    other = story.supported if side is Side.SUPPORTING else story.supporting
    unit = story.pairing.organisation_on(side).short_name
    for score in assessment.scores:
        if scoring_side(score.item) is not side:
            continue
        title = f"{score.item.title}自评说明"
        lines = [
            f"指标：{score.item.code} {score.item.title}",
            "本材料用于年度考核自评，内容属实。",
        ]
        stream = paper(title, lines, unit=unit, date=f"{day.year}年{day.month}月{day.day}日")
        with clock.at(day, 14):
            file = files.store_upload(f"{title}.pdf", stream, pairing=story.pairing, actor=actor)
            piece = evidence.add_to_library(
                story.pairing,
                file=file,
                title=title,
                kind=EvidenceKind.DOCUMENT,
                evidence_on=day,
                actor=actor,
            )
            evidence_uses.use_for(Place(assessment, item=score.item), piece, actor=actor)
            evidence_reviews.accept_evidence(piece, actor=other.coordinator)


def review(assessment: Assessment, actor: User, *, harsher: int = 0, expert: str = "") -> None:
    """Start the review, freeze the automatic figures and score the judged items."""
    with clock.at(REVIEWED, 10):
        assessment_reviews.start_review(assessment, actor=actor)
        if expert:
            assessment_reviews.assign_expert(assessment, account(expert), actor=actor)
    entries = {}
    for score in assessment.scores:
        if score.item.mode is not ItemMode.JUDGED:
            continue
        given = _points(score.item.points, score.item.code, harsher)
        reason = "" if given == score.self_score else "现场抽查发现记录不全，酌情扣分。"
        entries[score.item_id] = ReviewEntry(given, reason)
    with clock.at(REVIEWED, 16):
        assessment_reviews.save_review(assessment, entries, actor=actor)


def _points(maximum: Decimal, code: str, harsher: int) -> Decimal:
    """Return the points of one item: its maximum less the quarters taken off."""
    quarters = min(4, DEDUCTIONS.get(code, 0) + (harsher if code in DEDUCTIONS else 0))
    given = maximum * (4 - quarters) / 4
    return given.quantize(Decimal("0.01"), ROUND_HALF_UP)


def issue(assessment: Assessment, actor: User) -> None:
    """Announce the provisional result."""
    with clock.at(ISSUED, 10):
        assessment_reviews.issue_provisional(assessment, actor=actor)


def publish(assessment: Assessment) -> None:
    """Let the commission make the result final."""
    with clock.at(PUBLISHED, 11):
        assessment_reviews.publish(assessment, actor=account("shengwei-officer"))
