"""Everything the page of one task shows, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from portal import clock
from portal.extensions import db
from portal.models import (
    Event,
    Evidence,
    EvidenceRequirement,
    EvidenceStatus,
    EvidenceUse,
    Light,
    Problem,
    Role,
    Side,
    Task,
    TaskState,
    User,
)
from portal.policies.evidence import counts, why_not_counted
from portal.policies.plans import sees_plans
from portal.policies.scope import side_of
from portal.policies.tasks import can_assign, can_work_on, why_locked
from portal.queries.extensions import ExtensionPanel, extension_panel
from portal.queries.history import history_of
from portal.workflow.tasks import Turn, turn_of


@dataclass(frozen=True)
class RequirementRow:
    """One required kind of evidence (None = further material) with all that was added for it."""

    requirement: EvidenceRequirement | None
    uses: list[EvidenceUse]

    @property
    def name(self) -> str:
        """How the requirement is called on the page."""
        return self.requirement.name if self.requirement else "其他材料"

    @property
    def field(self) -> str:
        """The name of its file field."""
        return f"file-{self.requirement.id if self.requirement else 'other'}"

    @property
    def proved(self) -> bool:
        """Whether at least one piece stands for it."""
        today = clock.today()
        return any(counts(use.evidence, today) for use in self.uses)


@dataclass(frozen=True)
class TaskPage:
    """One task as its page shows it to one viewer today."""

    task: Task
    light: Light
    light_detail: str
    turn: Turn | None
    locked: str
    may_work: bool
    assignable: Side | None
    candidates: list[User]
    rows: list[RequirementRow]
    events: list[Event]
    problems: list[Problem]
    extension: ExtensionPanel

    @property
    def can_work_now(self) -> bool:
        """Whether the viewer may write notes and add evidence now."""
        return self.may_work and not self.locked

    @property
    def can_start(self) -> bool:
        """Whether the viewer may begin the task now, without a note or a file."""
        return self.can_work_now and self.task.state is TaskState.NOT_STARTED

    @property
    def returned(self) -> Event | None:
        """The return or look-back that the task was not applied for again since."""
        if not self.task.is_returned:
            return None
        waiting = (TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED, TaskState.CLOSED)
        return next(
            (
                event
                for event in self.events
                if event.from_state in waiting and event.to_state == TaskState.IN_PROGRESS
            ),
            None,
        )

    def idle_because(self, piece: Evidence) -> str:
        """Why a piece proves nothing today; empty when it counts."""
        return why_not_counted(piece, clock.today())

    @property
    def rejected(self) -> list[tuple[str, EvidenceUse]]:
        """What was not accepted and waits to be mended, with what it stands for.

        Once another piece meets the requirement there is nothing to mend.
        """
        if self.task.is_over:
            return []
        return [
            (row.name, use)
            for row in self.rows
            if not (row.requirement and row.proved)
            for use in row.uses
            if use.evidence.status is EvidenceStatus.REJECTED
        ]

    @property
    def missed(self) -> list[str]:
        """What should have been reached by now and was not, in sentences; nothing once over.

        The light keeps to the task's own due date (design/domain.md, Task closure).
        """
        if not self.task.is_running:
            return []
        today = clock.today()
        return [
            f"节点“{step.title}”应于 {step.due_on} 完成，已超过 {(today - step.due_on).days} 天。"
            for step in self.task.milestones
            if step.done_on is None and step.due_on < today
        ]

    @property
    def proved(self) -> int:
        """How many requirements have their evidence."""
        return sum(row.proved for row in self.rows if row.requirement)


def task_page(task: Task, *, viewer: User) -> TaskPage:
    """Return the page of ``task``, which the caller has loaded in scope: four queries at most."""
    today = clock.today()
    assignable = assignable_side(task, viewer)
    return TaskPage(
        task=task,
        light=task.light_on(today),
        light_detail=due_in_words(task, today),
        turn=turn_of(task, today),
        locked=why_locked(task),
        may_work=bool(can_work_on(viewer, task)),
        assignable=assignable,
        candidates=staff_of(task, assignable) if assignable else [],
        rows=requirement_rows(task),
        events=history_of("task", task.id),
        problems=_problems_of(task, viewer),
        extension=extension_panel(task, viewer=viewer),
    )


def _problems_of(task: Task, viewer: User) -> list[Problem]:
    """Return the problems that the task answers; a contributor sees tasks but no problems."""
    if not sees_plans(viewer):
        return []
    return sorted((link.problem for link in task.problem_links), key=lambda one: one.number)


def requirement_rows(task: Task) -> list[RequirementRow]:
    """Return the requirements in order, then further material; withdrawn pieces included."""
    uses = db.session.scalars(
        sa.select(EvidenceUse)
        .join(EvidenceUse.evidence)
        .where(EvidenceUse.task_id == task.id)
        .options(
            contains_eager(EvidenceUse.evidence).joinedload(Evidence.file),
            contains_eager(EvidenceUse.evidence).joinedload(Evidence.added_by),
            contains_eager(EvidenceUse.evidence).joinedload(Evidence.reviewed_by),
        )
        .order_by(EvidenceUse.id)
    ).all()
    # The closure panel reads the same list: it finds this one instead of asking again.
    set_committed_value(task, "evidence_uses", list(uses))
    rows = [
        RequirementRow(one, [use for use in uses if use.requirement_id == one.id])
        for one in task.requirements
    ]
    return [*rows, RequirementRow(None, [use for use in uses if use.requirement_id is None])]


def assignable_side(task: Task, viewer: User) -> Side | None:
    """Return the side whose person ``viewer`` may name, or None."""
    side = side_of(viewer, task.pairing)
    if side is None or task.is_over or not can_assign(viewer, task, side):
        return None
    return side


def staff_of(task: Task, side: Side) -> list[User]:
    """Return the people of the hospital on ``side`` who can be put in charge."""
    return list(
        db.session.scalars(
            sa.select(User)
            .where(
                User.organisation_id == task.pairing.organisation_on(side).id,
                User.is_active,
                User.role.in_([Role.BASE_COORDINATOR, Role.BASE_LEADER, Role.CONTRIBUTOR]),
            )
            .order_by(User.role.desc(), User.name, User.id)
            .options(joinedload(User.organisation))
        )
    )


def due_in_words(task: Task, today: date) -> str:
    """Return how the due date stands: 逾期n天, 今天到期, 还有n天, or how it was closed.

    Empty for what is suspended or cancelled: no day is waited for.
    """
    if task.closed_on is not None:
        late = (task.closed_on - task.due_on).days
        return f"逾期 {late} 天销号" if late > 0 else "按期销号"
    if not task.is_running:
        return ""
    days = (task.due_on - today).days
    if days < 0:
        return f"逾期 {-days} 天"
    return f"还有 {days} 天" if days else "今天到期"
