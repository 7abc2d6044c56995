"""Planning, changing and cancelling a meeting."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from portal.errors import Rejected, StaleEdit
from portal.extensions import db
from portal.models import (
    Event,
    Meeting,
    MeetingState,
)
from portal.services.meetings import (
    AgendaEntry,
    MeetingEntry,
    cancel_meeting,
    edit_meeting,
    plan_meeting,
)
from portal.services.minutes import (
    return_minutes,
)
from tests.factories import Scene
from tests.factories.meetings import (
    draft_minutes,
    held_meeting,
    planned_meeting,
)
from tests.factories.plans import drafting_plan
from tests.factories.tasks import make_task
from tests.support.meetings import NINE


def test_coordinator_plans_a_meeting_that_takes_its_kinds_name(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    assert meeting.title == "领导小组季度例会"
    assert meeting.of_leadership
    assert [item.title for item in meeting.agenda] == ["通报任务进度", "部署下季度工作"]
    event = db.session.scalars(sa.select(Event).where(Event.object_type == "meeting")).one()
    assert (event.action, event.pairing_id) == ("planned", scene.pairing_id)


def test_monthly_call_does_not_count_as_a_leadership_meeting(scene: Scene) -> None:
    assert not planned_meeting(scene, kind="monthly_call").of_leadership


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"planned_at": datetime(2020, 4, 16, 15, 59, tzinfo=UTC)}, "planned_at"),
        ({"planned_at": datetime(2023, 8, 21, 16, tzinfo=UTC)}, "planned_at"),
        ({"agenda": ()}, "lines"),
    ],
)
def test_impossible_meeting_is_rejected(
    scene: Scene, changes: dict[str, object], field: str
) -> None:
    entry = MeetingEntry("quarterly", NINE, agenda=(AgendaEntry("议题"),))
    with pytest.raises(Rejected) as refusal:
        plan_meeting(
            scene.pairing,
            replace(entry, **changes),  # type: ignore[arg-type]
            actor=scene.supporting_coordinator,
        )
    assert list(refusal.value.fields) == [field]
    assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0


@pytest.mark.parametrize(
    "planned_at",
    [datetime(2020, 4, 16, 16, tzinfo=UTC), datetime(2023, 8, 21, 15, 59, tzinfo=UTC)],
)
def test_first_and_last_day_of_the_programme_are_possible(
    scene: Scene, planned_at: datetime
) -> None:
    entry = MeetingEntry("quarterly", planned_at, agenda=(AgendaEntry("议题"),))
    meeting = plan_meeting(scene.pairing, entry, actor=scene.supporting_coordinator)
    assert meeting.planned_at == planned_at


def test_agenda_cannot_point_to_another_pairings_task(scene: Scene) -> None:
    task = make_task(drafting_plan(scene.foreign, scene))
    with pytest.raises(Rejected) as refusal:
        planned_meeting(scene, agenda=(AgendaEntry("议题", task.id),))
    assert list(refusal.value.fields) == ["lines"]


def test_edit_changes_adds_and_takes_out_points(scene: Scene) -> None:
    meeting = planned_meeting(scene, agenda=[AgendaEntry(text) for text in ("甲", "乙", "丙")])
    first, _, third = meeting.agenda
    version = meeting.version
    entry = MeetingEntry(
        "issue",
        NINE,
        "协调会",
        "线上",
        [
            AgendaEntry("甲改", item_id=first.id),
            AgendaEntry("丙", item_id=third.id),
            AgendaEntry("丁"),
        ],
    )
    edit_meeting(meeting, entry, seen_version=version, actor=scene.supported_coordinator)
    db.session.expire_all()
    assert [item.title for item in meeting.agenda] == ["甲改", "丙", "丁"]
    assert (meeting.title, meeting.kind, meeting.of_leadership) == ("协调会", "issue", False)
    event = db.session.scalars(sa.select(Event).where(Event.action == "edited")).one()
    assert [label for label, _ in event.details] == ["类型", "地点", "议程"]


def test_edit_of_the_agenda_alone_raises_the_version(scene: Scene) -> None:
    meeting = planned_meeting(scene)
    version = meeting.version
    entry = MeetingEntry(
        meeting.kind, meeting.planned_at, meeting.title, meeting.place, (AgendaEntry("新议题"),)
    )
    edit_meeting(meeting, entry, seen_version=version, actor=scene.supporting_coordinator)
    assert meeting.version == version + 1
    with pytest.raises(StaleEdit):
        edit_meeting(meeting, entry, seen_version=version, actor=scene.supported_coordinator)


def test_point_with_a_discussion_is_not_taken_out(scene: Scene) -> None:
    meeting = draft_minutes(scene)
    entry = MeetingEntry(meeting.kind, meeting.planned_at, agenda=(AgendaEntry("另一议题"),))
    with pytest.raises(Rejected) as refusal:
        edit_meeting(meeting, entry, seen_version=None, actor=scene.supporting_coordinator)
    assert "已有讨论记录" in refusal.value.fields["lines"]


@pytest.mark.parametrize("reason", ["", "   "])
def test_cancelling_and_returning_ask_for_a_reason(scene: Scene, reason: str) -> None:
    planned, held = planned_meeting(scene), held_meeting(scene)
    with pytest.raises(Rejected):
        cancel_meeting(planned, reason=reason, actor=scene.supporting_coordinator)
    with pytest.raises(Rejected):
        return_minutes(held, reason=reason, actor=scene.supporting_leader)
    assert (planned.state, held.state) == (MeetingState.PLANNED, MeetingState.HELD)
