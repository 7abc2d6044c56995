"""Who may take which step of a meeting, and from which state."""

from collections.abc import Callable

import pytest

from portal.errors import Forbidden, StepRefused
from portal.extensions import db
from portal.models import (
    Meeting,
    MeetingState,
    User,
)
from portal.services.meetings import (
    AgendaEntry,
    MeetingEntry,
    cancel_meeting,
    edit_meeting,
)
from portal.services.minutes import (
    record_minutes,
)
from tests.factories import Scene
from tests.factories.meetings import (
    approved_meeting,
    cancelled_meeting,
    held_meeting,
    leadership_group,
    minutes_entry,
    planned_meeting,
    returned_meeting,
)
from tests.factories.scenes import ONE_OF_EACH
from tests.support.meetings import NINE, approve, plan, send, send_back

WORKING = {
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
}


def edit(meeting: Meeting, actor: User) -> object:
    entry = MeetingEntry("quarterly", NINE, agenda=(AgendaEntry("议题"),))
    return edit_meeting(meeting, entry, seen_version=None, actor=actor)


def cancel(meeting: Meeting, actor: User) -> object:
    return cancel_meeting(meeting, reason="另行通知", actor=actor)


def draft(meeting: Meeting, actor: User) -> object:
    entry = minutes_entry(meeting)
    return record_minutes(meeting, entry, send=False, seen_version=None, actor=actor)


Step = Callable[[Meeting, User], object]


WRITERS = WORKING - {"supporting_leader"}


STEPS: dict[str, tuple[Step, Callable[..., Meeting], set[str]]] = {
    "plan": (plan, planned_meeting, WORKING),
    "edit": (edit, planned_meeting, WORKING),
    "cancel": (cancel, planned_meeting, WORKING),
    "draft": (draft, planned_meeting, WRITERS),
    "send": (send, planned_meeting, WRITERS),
    "return": (send_back, held_meeting, {"supporting_leader"}),
    "approve": (approve, held_meeting, {"supporting_leader"}),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_is_open_to_its_roles_only(scene: Scene, name: str) -> None:
    # One scene for all roles: a hundred would only cost time.
    step, make, allowed = STEPS[name]
    leadership_group(scene)
    refused = set()
    for who in ONE_OF_EACH:
        meeting = make(scene)
        before = meeting.state
        try:
            step(meeting, getattr(scene, who))
        except Forbidden:
            refused.add(who)
            assert meeting.state is before
    assert set(ONE_OF_EACH) - refused == allowed


STATES: dict[str, Callable[..., Meeting]] = {
    "planned": planned_meeting,
    "returned": returned_meeting,
    "held": held_meeting,
    "approved": approved_meeting,
    "cancelled": cancelled_meeting,
}


LEGAL = {
    ("edit", "planned"): MeetingState.PLANNED,
    ("cancel", "planned"): MeetingState.CANCELLED,
    ("draft", "planned"): MeetingState.PLANNED,
    ("draft", "returned"): MeetingState.PLANNED,
    ("send", "planned"): MeetingState.HELD,
    ("send", "returned"): MeetingState.HELD,
    ("return", "held"): MeetingState.PLANNED,
    ("approve", "held"): MeetingState.APPROVED,
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", [name for name in STEPS if name != "plan"])
def test_step_is_taken_from_its_states_only(scene: Scene, name: str, state: str) -> None:
    leadership_group(scene)
    step, _, allowed = STEPS[name]
    meeting = STATES[state](scene)
    before, version = meeting.state, meeting.version
    actor = getattr(scene, sorted(allowed)[0])
    if (name, state) in LEGAL:
        step(meeting, actor)
        assert meeting.state is LEGAL[name, state]
        return
    with pytest.raises(StepRefused):
        step(meeting, actor)
    db.session.flush()
    assert (meeting.state, meeting.version) == (before, version)
