"""Meetings as their pages show them, and where each pairing stands against the interval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock
from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    AgendaItem,
    Agreement,
    LeadershipGroup,
    Meeting,
    MeetingState,
    Pairing,
    Plan,
    PlanState,
    Programme,
    Resolution,
    Task,
    User,
)
from portal.policies.meetings import (
    HELD_STATES,
    MeetingStatus,
    late_meetings,
    reads_meetings,
    status_on,
    visible_meetings,
)
from portal.queries.paging import moment_in
from portal.queries.pairings import get_pairing
from portal.row_ids import row_id
from portal.workflow.meetings import GROWING

PAGE_SIZE = 50
TASKS_OFFERED = 500
"""A pairing's open tasks in the select of a resolution; a plan holds far fewer."""

_WITH_PAIRING = (
    joinedload(Meeting.pairing).joinedload(Pairing.programme),
    joinedload(Meeting.pairing).joinedload(Pairing.supporting),
    joinedload(Meeting.pairing).joinedload(Pairing.supported),
)


def get_pairing_of_meetings(pairing_id: int, *, viewer: User) -> Pairing:
    """Return a pairing whose meetings ``viewer`` may see. Raises NotVisible."""
    if not reads_meetings(viewer):
        raise NotVisible()
    return get_pairing(pairing_id, viewer=viewer)


def get_meeting(meeting_id: int, *, viewer: User, lock: bool = False) -> Meeting:
    """Return a meeting that ``viewer`` may see, whole: agenda, attendance, resolutions.

    ``lock`` holds its row until the end of the transaction: for whoever is about to write.
    Raises NotVisible for any other id, whether it exists or not.
    """
    query = (
        sa.select(Meeting)
        .where(Meeting.id == meeting_id, visible_meetings(viewer))
        .options(
            *_WITH_PAIRING,
            joinedload(Meeting.minutes_by),
            joinedload(Meeting.approved_by),
            selectinload(Meeting.agenda).joinedload(AgendaItem.task),
            selectinload(Meeting.attendance),
            selectinload(Meeting.resolutions).joinedload(Resolution.task),
        )
    )
    if lock:
        query = query.with_for_update(of=Meeting).execution_options(populate_existing=True)
    meeting = db.session.scalar(query)
    if meeting is None:
        raise NotVisible()
    return meeting


def group_of(pairing: Pairing) -> LeadershipGroup | None:
    """Return the pairing's leadership group with its members."""
    return db.session.scalar(
        sa.select(LeadershipGroup)
        .where(LeadershipGroup.pairing_id == pairing.id)
        .options(selectinload(LeadershipGroup.members))
    )


def meetings_of_pairing(pairing: Pairing) -> list[Meeting]:
    """Return the pairing's meetings, newest first. The caller has loaded it in scope."""
    found = db.session.scalars(
        sa.select(Meeting)
        .where(Meeting.pairing_id == pairing.id)
        .options(*_WITH_PAIRING)
        .order_by(Meeting.planned_at.desc(), Meeting.id.desc())
        .limit(500)
    )
    return list(found)


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to, as it stands in the address."""

    state: MeetingState | None = None
    pairing_id: int | None = None
    late: bool = False
    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class MeetingPage:
    """One page of the list with the cursors of its neighbours ('' where there is none)."""

    meetings: list[Meeting]
    before: str
    after: str


def list_meetings(viewer: User, filters: Filters, *, size: int = PAGE_SIZE) -> MeetingPage:
    """Return one page of the meetings ``viewer`` may see, newest first, in one query."""
    backwards = _cursor(filters.before)
    cursor = backwards or _cursor(filters.after)
    query = (
        sa.select(Meeting)
        .join(Meeting.pairing)
        .where(visible_meetings(viewer), *_conditions(filters))
        .options(
            contains_eager(Meeting.pairing).options(
                joinedload(Pairing.supporting), joinedload(Pairing.supported)
            )
        )
        .limit(size + 1)
    )
    place = sa.tuple_(Meeting.planned_at, Meeting.id)
    if backwards:
        query = query.where(place > _place(backwards))
        query = query.order_by(Meeting.planned_at, Meeting.id)
    else:
        query = query.order_by(Meeting.planned_at.desc(), Meeting.id.desc())
        if cursor:
            query = query.where(place < _place(cursor))
    rows = list(db.session.scalars(query))
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_newer = more if backwards else cursor is not None
    has_older = bool(backwards) or more
    return MeetingPage(
        rows,
        before=_write_cursor(rows[0]) if rows and has_newer else "",
        after=_write_cursor(rows[-1]) if rows and has_older else "",
    )


def _conditions(filters: Filters) -> Iterable[sa.ColumnElement[bool]]:
    if filters.state:
        yield Meeting.state == filters.state
    if filters.pairing_id:
        yield Meeting.pairing_id == filters.pairing_id
    if filters.late:
        yield late_meetings(clock.today())


def _write_cursor(meeting: Meeting) -> str:
    return f"{meeting.planned_at.isoformat()}~{meeting.id}"


def _cursor(text: str) -> tuple[datetime, int] | None:
    """Read a cursor; one that somebody made up counts as none."""
    moment, _, number = text.partition("~")
    at, last = moment_in(moment), row_id(number)
    return (at, last) if at and last else None


def _place(cursor: tuple[datetime, int]) -> sa.Tuple:
    return sa.tuple_(
        sa.bindparam(None, cursor[0], type_=Meeting.planned_at.type),
        sa.bindparam(None, cursor[1], type_=sa.Integer),
    )


@dataclass(frozen=True)
class AgendaLine:
    """A line the new meeting's agenda opens with."""

    title: str
    task_id: int | None = None


def urgent_tasks(pairing: Pairing, *, limit: int = 20) -> list[Task]:
    """Return the pairing's overdue and returned tasks, the longest overdue first.

    Nothing is due by a plan that is not in force yet: a draft's tasks are never overdue.
    """
    return list(
        db.session.scalars(
            sa.select(Task)
            .join(Task.plan)
            .where(
                Task.pairing_id == pairing.id,
                Plan.state.in_([PlanState.IN_FORCE, PlanState.COMPLETED]),
                Task.is_running,
                sa.or_(Task.due_on < clock.today(), Task.is_returned),
            )
            .order_by(Task.due_on, Task.id)
            .limit(limit)
        )
    )


def open_resolutions(pairing: Pairing) -> list[Resolution]:
    """Return what the last held meeting resolved and what is not done yet."""
    last = (
        sa.select(Meeting.id)
        .where(Meeting.pairing_id == pairing.id, Meeting.state.in_(HELD_STATES))
        .order_by(Meeting.held_on.desc(), Meeting.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return list(
        db.session.scalars(
            sa.select(Resolution)
            .outerjoin(Resolution.task)
            .where(
                Resolution.meeting_id == last,
                sa.or_(Task.id.is_(None), sa.not_(Task.is_over)),
            )
            .options(contains_eager(Resolution.task))
            .order_by(Resolution.position)
        )
    )


def suggested_agenda(pairing: Pairing, standing: Sequence[str]) -> list[AgendaLine]:
    """Return the agenda a new meeting opens with (design/experience.md).

    First the ``standing`` lines of its kind, then each overdue or returned task, then what
    the last meeting resolved and is still open, each task once. Two queries.
    """
    lines = [AgendaLine(title) for title in standing]
    named: set[int] = set()
    today = clock.today()
    for task in urgent_tasks(pairing):
        named.add(task.id)
        lines.append(AgendaLine(_urgent_title(task, today), task.id))
    for resolution in open_resolutions(pairing):
        if resolution.task_id not in named:
            title = f"督办上次会议议定事项：{resolution.body}"
            lines.append(AgendaLine(title[:200], resolution.task_id))
    return lines


def _urgent_title(task: Task, today: date) -> str:
    if task.due_on < today:
        return f"研究逾期任务：{task.title}（已逾期 {(today - task.due_on).days} 天）"
    return f"研究退回任务：{task.title}"


def open_tasks(pairing: Pairing) -> list[Task]:
    """Return the pairing's open tasks in the order of the list."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.pairing_id == pairing.id, sa.not_(Task.is_over))
            .order_by(Task.number)
            .limit(TASKS_OFFERED)
        )
    )


def plan_takes_tasks(pairing: Pairing) -> bool:
    """Whether the pairing has a plan to which a resolution can add a task."""
    state = db.session.scalar(sa.select(Plan.state).where(Plan.pairing_id == pairing.id))
    return state in GROWING


def tasks_by_id(pairing: Pairing, ids: Iterable[int]) -> dict[int, Task]:
    """Return those of the tasks ``ids`` that belong to the pairing."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = db.session.scalars(
        sa.select(Task).where(Task.pairing_id == pairing.id, Task.id.in_(wanted))
    )
    return {task.id: task for task in found}


def meeting_status(pairings: Iterable[Pairing]) -> dict[int, MeetingStatus]:
    """Return each pairing's status against its programme's interval, by pairing id: one query.

    Counted are leadership meetings that were held, their minutes approved or not (H-31).
    """
    ids = [pairing.id for pairing in pairings]
    if not ids:
        return {}
    today = clock.today()
    last_held = (
        sa.select(sa.func.max(Meeting.held_on))
        .where(
            Meeting.pairing_id == Pairing.id,
            Meeting.of_leadership,
            Meeting.state.in_(HELD_STATES),
        )
        .scalar_subquery()
    )
    filed_at = (
        sa.select(sa.func.min(Agreement.filed_at))
        .where(Agreement.pairing_id == Pairing.id, Agreement.filed_at.is_not(None))
        .scalar_subquery()
    )
    in_force_at = sa.select(Plan.in_force_at).where(Plan.pairing_id == Pairing.id).scalar_subquery()
    rows = db.session.execute(
        sa.select(
            Pairing.id,
            Programme.starts_on,
            Programme.ends_on,
            Programme.meeting_interval_months,
            last_held,
            filed_at,
            in_force_at,
        )
        .join(Pairing.programme)
        .where(Pairing.id.in_(ids))
    )
    return {
        pairing_id: status_on(
            today,
            last_held_on=held_on,
            start=max([starts_on, *(clock.local_date(at) for at in moments if at)]),
            interval_months=months,
            ends_on=ends_on,
        )
        for pairing_id, starts_on, ends_on, months, held_on, *moments in rows
    }
