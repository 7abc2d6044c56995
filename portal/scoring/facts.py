"""What the automatic rules are told: plain facts, each with the row it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class SeatKind:
    """One of the kinds of member that the notice asks for, and who is still missing."""

    label: str
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupFacts:
    """The leadership group as it stood on the cut-off day."""

    pairing_id: int
    kinds: tuple[SeatKind, ...]


@dataclass(frozen=True)
class MeetingFact:
    """A leadership-group meeting held in the period; ``workdays`` until its minutes were signed."""

    id: int
    title: str
    held_on: date
    signed_on: date | None = None
    workdays: int | None = None


@dataclass(frozen=True)
class FilingFact:
    """What had to be handed in by a deadline: the agreement (year 1) or the year's plan."""

    kind: str
    id: int
    title: str
    deadline: date
    done_on: date | None
    # Handed in, but not (yet) accepted: said on the page, worth nothing.
    note: str = ""


@dataclass(frozen=True)
class TaskFact:
    """A task of a plan in force, as it stood on the cut-off day.

    ``due_on`` and ``extensions`` are those under which it was applied for, once closed.
    ``failed_rounds`` counts applications returned, and closures undone by a look-back.
    """

    id: int
    title: str
    weight: int
    due_on: date
    extensions: int = 0
    applied_on: date | None = None
    closed_on: date | None = None
    failed_rounds: int = 0
    files: tuple[tuple[int, str], ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether the closure stood on the cut-off day."""
        return self.closed_on is not None


@dataclass(frozen=True)
class ApplicationFact:
    """An application for closure that the supporting base had to review in the period."""

    id: int
    task_id: int
    title: str
    applied_on: date
    reviewed_on: date | None = None
    workdays: int | None = None


@dataclass(frozen=True)
class Facts:
    """Everything the automatic rules of one assessment need."""

    cutoff_on: date
    group: GroupFacts
    filing: FilingFact
    meetings: tuple[MeetingFact, ...] = ()
    tasks: tuple[TaskFact, ...] = ()
    applications: tuple[ApplicationFact, ...] = ()

    @property
    def due_tasks(self) -> tuple[TaskFact, ...]:
        """The tasks due by the cut-off day."""
        return tuple(task for task in self.tasks if task.due_on <= self.cutoff_on)


@dataclass(frozen=True)
class Terms:
    """What the scheme lays down for one item: its points, and the parameters of all rules."""

    points: Decimal
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """Return a parameter's raw value. Raises KeyError for one the scheme lacks."""
        return self.parameters[key]["value"]

    def number(self, key: str) -> Decimal:
        """Return a parameter that is a decimal (kept as text) or a whole number."""
        return Decimal(self.value(key))

    def whole(self, key: str) -> int:
        """Return a parameter that counts something."""
        return int(self.value(key))


@dataclass(frozen=True)
class Figure:
    """An automatic score, with everything needed to follow it down to its rows.

    ``inputs`` is plain JSON: ``formula`` (the rule in words), ``working`` (with this
    assessment's numbers), ``counts`` ([label, text] pairs), ``rows`` (kind, id, title,
    detail, value, files) and ``reported`` (False: nothing to compute from, 未报).
    """

    score: Decimal
    inputs: dict[str, Any]
