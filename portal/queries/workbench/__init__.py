"""The workbench: what waits for one person, in every pairing, oldest first.

One query for each kind of thing, however many there are. What an item offers is decided by
the same facts as the step itself; the step checks again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal import clock
from portal.models import Role, User
from portal.queries.workbench import (
    agreement_papers,
    agreements,
    assessments,
    changes,
    closure,
    evidence,
    meetings,
    pairings,
    problems,
    surveys,
    tasks,
)
from portal.queries.workbench.items import LIMIT, Button, Item

__all__ = ["Bench", "Button", "Item", "bench_of"]

Collector = Callable[[User], list[Item]]

TO_DO: dict[Role, tuple[Collector, ...]] = {
    Role.BASE_LEADER: (
        agreements.to_sign,
        surveys.to_confirm,
        agreement_papers.ends_to_answer,
        pairings.plans_to_endorse,
        changes.to_consent,
        changes.extensions_to_decide,
        closure.to_confirm,
        meetings.minutes_to_approve,
        evidence.rejected,
    ),
    Role.BASE_COORDINATOR: (
        pairings.to_set_up,
        surveys.to_plan,
        surveys.in_hand,
        agreements.in_hand,
        changes.in_hand,
        agreement_papers.to_sign_as_deputy,
        agreement_papers.to_renew,
        tasks.returned,
        tasks.due,
        evidence.rejected,
        evidence.to_review,
        meetings.overdue,
        meetings.minutes_to_write,
        problems.to_answer,
        assessments.to_fill,
    ),
    Role.CONTRIBUTOR: (tasks.returned, tasks.due, evidence.rejected),
    Role.CENTRE_REVIEWER: (
        agreements.to_file,
        changes.to_approve,
        changes.extensions_to_decide,
        closure.to_verify,
        assessments.to_review,
    ),
    Role.COMMISSION_OFFICER: (agreement_papers.ends_to_decide, assessments.to_publish),
    Role.EXPERT: (assessments.assigned,),
}
"""What each role acts on. A city officer only reads and has no such list."""

WITH_OTHERS: dict[Role, tuple[Collector, ...]] = {
    Role.BASE_LEADER: (
        agreements.with_others,
        agreement_papers.ends_with_others,
        changes.with_others,
        closure.with_others,
    ),
    Role.BASE_COORDINATOR: (
        surveys.with_others,
        agreements.with_others,
        agreement_papers.ends_with_others,
        changes.with_others,
        closure.with_others,
        meetings.with_others,
        assessments.with_others,
    ),
    Role.CONTRIBUTOR: (changes.extensions_with_others, closure.with_others),
    Role.CENTRE_REVIEWER: (agreement_papers.taken_back,),
    Role.CITY_OFFICER: (agreements.with_others, tasks.due, closure.with_others),
}
"""What a role waits for while somebody else has it."""


@dataclass(frozen=True)
class Bench:
    """A person's workbench."""

    to_do: list[Item]
    with_others: list[Item]

    @property
    def is_cut(self) -> bool:
        """Whether some kind has more than is listed."""
        return any(number >= LIMIT for _, number in self.kinds)

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """Each kind of thing to do with its number, in the order of first appearance."""
        counts: dict[str, int] = {}
        for item in self.to_do:
            counts[item.kind] = counts.get(item.kind, 0) + 1
        return list(counts.items())


def bench_of(viewer: User) -> Bench:
    """Return everything that waits for ``viewer`` and everything they wait for."""
    return Bench(_collect(TO_DO, viewer), _collect(WITH_OTHERS, viewer))


def _collect(collectors: dict[Role, tuple[Collector, ...]], viewer: User) -> list[Item]:
    """Run the role's collectors and put the longest waiting first."""
    today = clock.today()
    found = [
        item.waited_until(today)
        for collect in collectors.get(viewer.role, ())
        for item in collect(viewer)
    ]
    return sorted(found, key=lambda item: (item.since, item.kind, item.title))
