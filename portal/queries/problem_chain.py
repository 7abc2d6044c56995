"""The chain of one problem: its tasks, what was shown for them, and what they scored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.extensions import db
from portal.models import (
    STANDING,
    Assessment,
    AssessmentScore,
    Evidence,
    EvidenceStatus,
    EvidenceUse,
    Problem,
    Scheme,
    ScoreItem,
    SurveyPhoto,
    Task,
    User,
)
from portal.policies.assessments import reads_assessments, sees_review
from portal.policies.problem_scores import counts_tasks, judges_area
from portal.policies.scope import visible_assessments
from portal.queries.problems import tasks_of

MOST_SHOWN = 12
"""How many pieces of one task are drawn; its own page has all of them."""


@dataclass(frozen=True)
class TaskLink:
    """One task of the chain with the pieces that stand for it."""

    task: Task
    pieces: list[Evidence]

    @property
    def shown(self) -> list[Evidence]:
        """The pieces that are drawn."""
        return self.pieces[:MOST_SHOWN]

    @property
    def accepted(self) -> int:
        """How many pieces were accepted."""
        return sum(piece.status is EvidenceStatus.ACCEPTED for piece in self.pieces)


@dataclass(frozen=True)
class Cell:
    """What one year says of one item: a score, or why there is none yet."""

    score: Decimal | None = None
    said: str = ""


@dataclass(frozen=True)
class ScoreLine:
    """One item that the problem's tasks feed, with a cell for each year."""

    item: ScoreItem
    why: str
    cells: list[Cell]


@dataclass(frozen=True)
class Chain:
    """Everything behind the problem's need and goal."""

    tasks: list[TaskLink]
    assessments: list[Assessment]
    scores: list[ScoreLine]
    photos: list[SurveyPhoto]


def chain_of(problem: Problem, *, viewer: User) -> Chain:
    """Return the chain of a problem that was loaded in scope: six queries at most."""
    tasks = tasks_of(problem)
    pieces = _pieces_of([task.id for task in tasks])
    assessments = _assessments_of(problem, viewer)
    return Chain(
        tasks=[TaskLink(task, pieces.get(task.id, [])) for task in tasks],
        assessments=assessments,
        scores=_score_lines(problem, tasks, assessments, viewer),
        photos=_photos_of(problem),
    )


def _pieces_of(task_ids: Collection[int]) -> dict[int, list[Evidence]]:
    """Return the standing pieces of each task, each once, in the order they were added."""
    found: dict[int, list[Evidence]] = {}
    if not task_ids:
        return found
    uses = db.session.scalars(
        sa.select(EvidenceUse)
        .join(EvidenceUse.evidence)
        .where(EvidenceUse.task_id.in_(task_ids), Evidence.status.in_(STANDING))
        .options(contains_eager(EvidenceUse.evidence).joinedload(Evidence.file))
        .order_by(EvidenceUse.id)
    )
    for use in uses:
        mine = found.setdefault(use.task_id or 0, [])
        if use.evidence not in mine:
            mine.append(use.evidence)
    return found


def _assessments_of(problem: Problem, viewer: User) -> list[Assessment]:
    """Return the pairing's assessments that the viewer may see, by year."""
    if not reads_assessments(viewer):
        return []
    return list(
        db.session.scalars(
            sa.select(Assessment)
            .where(Assessment.pairing_id == problem.pairing_id, visible_assessments(viewer))
            .options(
                joinedload(Assessment.scheme).selectinload(Scheme.items),
                selectinload(Assessment.scores),
                selectinload(Assessment.experts),
            )
            .order_by(Assessment.year)
        )
    )


def _score_lines(
    problem: Problem, tasks: Sequence[Task], assessments: Sequence[Assessment], viewer: User
) -> list[ScoreLine]:
    """Return the items that the tasks feed, by the newest scheme in use (else the programme's)."""
    schemes = [one.scheme for one in assessments] or _scheme_of(problem)
    if not schemes:
        return []
    lines = []
    for item in schemes[-1].items:
        if counts_tasks(item):
            why = "由任务销号情况自动计算"
        elif judges_area(item, problem.area):
            why = f"评价{problem.area.label}成效"
        else:
            continue
        cells = [_cell(item, one, tasks, viewer) for one in assessments]
        lines.append(ScoreLine(item, why, cells))
    return lines


def _scheme_of(problem: Problem) -> list[Scheme]:
    """Return the scheme of the pairing's programme, before there is any assessment."""
    scheme_id = problem.pairing.programme.scheme_id
    if scheme_id is None:
        return []
    return list(
        db.session.scalars(
            sa.select(Scheme).where(Scheme.id == scheme_id).options(selectinload(Scheme.items))
        )
    )


def _cell(item: ScoreItem, assessment: Assessment, tasks: Sequence[Task], viewer: User) -> Cell:
    """Return what the year says of the item with this code, as far as the viewer may know."""
    score = next((one for one in assessment.scores if _code(assessment, one) == item.code), None)
    if score is None:
        return Cell(said="本年度没有这一项")
    if score.not_applicable and sees_review(viewer, assessment):
        return Cell(said="不适用")
    if score.automatic_score is not None:
        rows = {(row["kind"], row["id"]) for row in score.inputs.get("rows", ())}
        counted = sum(("task", task.id) in rows for task in tasks)
        return Cell(score.automatic_score, f"计入其中 {counted} 项任务" if counted else "")
    if counts_tasks(item):
        return Cell(said="冻结数据后计算")
    if score.review_score is not None and sees_review(viewer, assessment):
        return Cell(score.review_score, "评审")
    if score.self_score is not None:
        return Cell(score.self_score, "自评")
    return Cell(said="尚未评分")


def _code(assessment: Assessment, score: AssessmentScore) -> str:
    """Return the code of the item a score is for, from the scheme that is loaded."""
    return next((one.code for one in assessment.scheme.items if one.id == score.item_id), "")


def _photos_of(problem: Problem) -> list[SurveyPhoto]:
    """Return the pictures that the survey took of the problem's item."""
    if problem.survey_id is None or problem.item_id is None:
        return []
    return list(
        db.session.scalars(
            sa.select(SurveyPhoto)
            .where(
                SurveyPhoto.survey_id == problem.survey_id,
                SurveyPhoto.item_id == problem.item_id,
                SurveyPhoto.withdrawn_at.is_(None),
            )
            .options(joinedload(SurveyPhoto.file))
            .order_by(SurveyPhoto.id)
        )
    )
