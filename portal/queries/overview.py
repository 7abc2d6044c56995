"""The commission's one screen: which pairings are in trouble, and why.

Counts come from the tasks of one programme at a time, through the index on pairing, area,
state and due date, so the page costs the same however many programmes there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    Assessment,
    AssessmentState,
    LeadershipGroup,
    Light,
    Pairing,
    Plan,
    PlanState,
    Programme,
    Task,
    TaskState,
    User,
    light_condition,
)
from portal.policies.groups import composition_gaps
from portal.policies.meetings import MeetingStatus
from portal.policies.scope import visible_pairings
from portal.queries.agreements_at_hand import AtHand, agreements_at_hand
from portal.queries.meetings import meeting_status


@dataclass
class Cell:
    """The tasks of one area of one pairing, counted by what they show."""

    total: int = 0
    closed: int = 0
    red: int = 0
    yellow: int = 0
    grey: int = 0
    to_confirm: int = 0
    to_verify: int = 0

    def add(self, other: "Cell") -> None:
        """Count the tasks of ``other`` as well."""
        for name in ("total", "closed", "red", "yellow", "grey", "to_confirm", "to_verify"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def light(self) -> Light:
        """The worst light of the cell; an empty or untouched one is grey (§10.3)."""
        if self.red:
            return Light.RED
        if self.yellow:
            return Light.YELLOW
        return Light.GREY if self.grey == self.total else Light.GREEN

    @property
    def detail(self) -> str | None:
        """How many tasks make the light what it is."""
        if self.red:
            return f"逾期 {self.red} 项"
        if self.yellow:
            return f"预警 {self.yellow} 项"
        return None


@dataclass
class OverviewRow:
    """One pairing with its cells and the reasons why it is in trouble."""

    pairing: Pairing
    cells: dict[Area, Cell]
    agreement: Agreement | None
    meeting: MeetingStatus | None
    grade: Assessment | None
    gaps: list[str]
    agreement_late_days: int
    total: Cell = field(default_factory=Cell)

    @property
    def troubles(self) -> list[tuple[str, str]]:
        """Return (reason, kind) pairs, worst first; ``kind`` says which page it opens."""
        found: list[tuple[str, str]] = []
        if self.total.red:
            found.append((f"{self.total.red} 项任务逾期", "red"))
        if self.agreement is not None and self.agreement.state is AgreementState.TERMINATED:
            found.append(("协议已提前终止", "agreement"))
        elif self.agreement is None or self.agreement.state is not AgreementState.FILED:
            state = self.agreement.state.label if self.agreement else "未起草"
            found.append((f"协议未备案（{state}）", "agreement"))
        elif self.agreement_late_days > 0:
            found.append((f"协议逾期 {self.agreement_late_days} 天报送", "agreement"))
        if self.meeting is not None and self.meeting.overdue_days > 0:
            found.append((f"领导小组会议逾期 {self.meeting.overdue_days} 天", "meeting"))
        if self.gaps:
            found.append((f"领导小组缺 {len(self.gaps)} 项", "group"))
        return found

    @property
    def light(self) -> Light:
        """The pairing's light: tasks first, then what is missing around them."""
        if self.total.light is Light.RED:
            return Light.RED
        return Light.YELLOW if self.troubles or self.total.yellow else self.total.light


@dataclass(frozen=True)
class Overview:
    """Everything the page shows for one programme."""

    programme: Programme | None
    programmes: Sequence[Programme]
    rows: list[OverviewRow]

    @property
    def total(self) -> Cell:
        """All tasks of the programme together."""
        total = Cell()
        for row in self.rows:
            total.add(row.total)
        return total

    @property
    def filed(self) -> int:
        """How many agreements are on file."""
        return sum(
            1 for row in self.rows if row.agreement and row.agreement.state is AgreementState.FILED
        )

    @property
    def late(self) -> int:
        """How many agreements came late."""
        return sum(1 for row in self.rows if row.agreement_late_days > 0)

    @property
    def meetings_overdue(self) -> int:
        """How many pairings have not met within the interval."""
        return sum(1 for row in self.rows if row.meeting and row.meeting.overdue_days > 0)

    @property
    def closure_percent(self) -> int:
        """Closed tasks in percent of all, rounded down."""
        return self.total.closed * 100 // self.total.total if self.total.total else 0


def overview(viewer: User, programme_id: int | None = None) -> Overview:
    """Return the overview of one programme: the one asked for, or the newest seen.

    A fixed number of queries. A programme the viewer may not see is as good as none.
    """
    programmes = list(
        db.session.scalars(
            sa.select(Programme)
            .where(
                Programme.id.in_(sa.select(Pairing.programme_id).where(visible_pairings(viewer)))
            )
            .order_by(Programme.starts_on.desc(), Programme.id.desc())
            .limit(50)
        )
    )
    chosen = next((one for one in programmes if one.id == programme_id), None)
    programme = chosen or (programmes[0] if programmes else None)
    if programme is None:
        return Overview(None, [], [])
    return Overview(programme, programmes, _rows(programme, viewer))


def _rows(programme: Programme, viewer: User) -> list[OverviewRow]:
    pairings = list(
        db.session.scalars(
            sa.select(Pairing)
            .where(Pairing.programme_id == programme.id, visible_pairings(viewer))
            .options(
                joinedload(Pairing.programme),
                joinedload(Pairing.supporting),
                joinedload(Pairing.supported),
                joinedload(Pairing.group).options(selectinload(LeadershipGroup.members)),
            )
            .order_by(Pairing.sequence)
        ).unique()
    )
    ids = [pairing.id for pairing in pairings]
    cells = _cells(ids, clock.today())
    agreements = agreements_at_hand(ids)
    meetings = meeting_status(pairings)
    grades = _latest_grades(ids)
    rows = []
    for pairing in pairings:
        at_hand = agreements.get(pairing.id, AtHand())
        agreement = at_hand.shown
        row = OverviewRow(
            pairing=pairing,
            cells={area: cells.get((pairing.id, area), Cell()) for area in Area},
            agreement=agreement,
            meeting=meetings.get(pairing.id),
            grade=grades.get(pairing.id),
            gaps=composition_gaps(pairing.group, pairing),
            agreement_late_days=_late_days(agreement, programme.filing_deadline),
        )
        for cell in row.cells.values():
            row.total.add(cell)
        rows.append(row)
    return rows


def _cells(ids: list[int], today: date) -> dict[tuple[int, Area], Cell]:
    """Count the tasks of plans in force by pairing, area and light: one grouped query.

    What was cancelled is no part of the plan any more.
    """

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    in_force = sa.select(Plan.id).where(
        Plan.pairing_id.in_(ids), Plan.state.in_([PlanState.IN_FORCE, PlanState.COMPLETED])
    )
    query = (
        sa.select(
            Task.pairing_id,
            Task.area,
            sa.func.count(),
            number(Task.state == TaskState.CLOSED),
            number(light_condition(Light.RED, today)),
            number(light_condition(Light.YELLOW, today)),
            number(light_condition(Light.GREY, today)),
            number(Task.state == TaskState.CLOSURE_REQUESTED),
            number(Task.state == TaskState.CONFIRMED),
        )
        .where(Task.pairing_id.in_(ids), Task.plan_id.in_(in_force), Task.counts)
        .group_by(Task.pairing_id, Task.area)
    )
    return {
        (pairing_id, area): Cell(*(int(count) for count in counts))
        for pairing_id, area, *counts in db.session.execute(query)
    }


def _late_days(agreement: Agreement | None, deadline: date) -> int:
    """Return by how many days the first submission missed the deadline (H-36); 0 if it did not."""
    if agreement is None or agreement.first_submitted_at is None:
        return 0
    return max(0, (clock.local_date(agreement.first_submitted_at) - deadline).days)


def _latest_grades(ids: list[int]) -> dict[int, Assessment]:
    """Return each pairing's last final assessment."""
    found = db.session.scalars(
        sa.select(Assessment)
        .where(Assessment.pairing_id.in_(ids), Assessment.state == AssessmentState.FINAL)
        .order_by(Assessment.year)
    )
    return {assessment.pairing_id: assessment for assessment in found}
