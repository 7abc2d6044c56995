"""Who may open which page of a meeting, the lists and their budgets."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import MeetingState, Side, Task
from portal.services.meetings import AgendaEntry
from portal.services.minutes import ResolutionEntry
from tests.factories import PASSWORD, Scene
from tests.factories.meetings import (
    approved_meeting,
    cancelled_meeting,
    draft_minutes,
    held_meeting,
    planned_meeting,
)
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.meeting_pages import plan_path
from tests.support.pages import PageClient
from tests.support.queries import count_queries

READERS = {
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
}


OUTSIDERS = {
    "supporting_contributor",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
}


@pytest.mark.parametrize("who", sorted(READERS | OUTSIDERS))
def test_pages_open_to_readers_and_do_not_exist_for_others(
    client: PageClient, scene: Scene, who: str
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    # Contributors see the pairing through a task of theirs, but not its meetings.
    make_task(
        plan,
        supporting_owner=scene.supporting_contributor,
        supported_owner=scene.supported_contributor,
    )
    meeting, planned = approved_meeting(scene), planned_meeting(scene)
    client.login(getattr(scene, who), PASSWORD)
    expected = 200 if who in READERS else 404
    for path in (
        f"/pairings/{scene.pairing_id}/meetings",
        f"/meetings/{meeting.id}",
        f"/meetings/{meeting.id}/print",
    ):
        assert client.get(path).status == expected, path
    writers = READERS - {"commission", "centre", "city"}
    for path, allowed in (
        (plan_path(scene), writers),
        (f"/meetings/{planned.id}/edit", writers),
        (f"/meetings/{planned.id}/minutes", writers - {"supporting_leader"}),
    ):
        status = 200 if who in allowed else (403 if who in READERS else 404)
        assert client.get(path).status == status, path
        if status != 200:
            assert client.post(path).status == status, path
    for verb, allowed in (
        ("cancel", writers),
        ("approve", {"supporting_leader"}),
        ("return", {"supporting_leader"}),
    ):
        if who not in allowed:
            answer = client.post(f"/meetings/{planned.id}/{verb}", {"comment": "理由"})
            assert answer.status == (403 if who in READERS else 404), verb
    assert planned.state is MeetingState.PLANNED


@pytest.mark.parametrize(
    "path", ["/meetings/99999", "/meetings/99999/minutes", "/meetings/99999/print"]
)
def test_guessed_meeting_does_not_exist(client: PageClient, scene: Scene, path: str) -> None:
    client.login(scene.centre, PASSWORD)
    assert client.get(path).status == 404


def test_minutes_of_a_sent_or_approved_meeting_cannot_be_opened(
    client: PageClient, scene: Scene
) -> None:
    for meeting in (held_meeting(scene), approved_meeting(scene), cancelled_meeting(scene)):
        client.login(scene.supporting_coordinator, PASSWORD)
        assert client.get(f"/meetings/{meeting.id}/minutes").status == 409
        client.logout()


def test_pairing_without_meetings_is_told_what_belongs_there(
    client: PageClient, scene: Scene
) -> None:
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/meetings")
    assert "还没有会议" in page.text
    assert page.select(f".empty a[href='{plan_path(scene)}']")
    # Never met since 2020-05-22: due on 2020-08-22.
    assert "领导小组会议已逾期 205 天" in page.text
    client.logout()
    client.login(scene.centre, PASSWORD)
    assert not client.get(f"/pairings/{scene.pairing_id}/meetings").select(".empty a")


def test_pairing_that_met_in_time_is_told_when_to_meet_next(
    client: PageClient, scene: Scene
) -> None:
    held_meeting(scene, on=date(2021, 2, 1))
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/meetings")
    assert "上次召开于 2021年2月1日，下次应于 2021年5月1日前召开" in page.text
    assert "逾期" not in page.text


def test_list_shows_all_in_scope_and_the_pairings_that_are_overdue(
    client: PageClient, scene: Scene
) -> None:
    planned_meeting(scene, title="本结对的会议")
    planned_meeting(scene, pairing=scene.foreign, title="别人的会议")
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get("/meetings")
    assert "本结对的会议" in page.text
    assert "别人的会议" not in page.text
    assert page.select(f"#overdue a[href='{plan_path(scene)}']")
    client.logout()
    client.login(scene.commission, PASSWORD)
    everything = client.get("/meetings")
    assert "别人的会议" in everything.text
    assert len(everything.select("#overdue tbody tr")) == 2
    assert not everything.select("#overdue a[href$='/new']")


def test_list_is_narrowed_by_the_address(client: PageClient, scene: Scene) -> None:
    planned_meeting(scene, title="今天的会议")
    planned_meeting(scene, title="过期未记录", on=date(2021, 3, 1))
    held_meeting(scene, title="刚提交的纪要")
    planned_meeting(scene, pairing=scene.foreign, title="别人的会议")
    client.login(scene.centre, PASSWORD)

    def titles(**query: Any) -> list[str]:
        page = client.get("/meetings", query)
        return [text.split()[0] for text in page.texts(".page main > .table-scroll tbody th a")]

    assert titles(state="held") == ["刚提交的纪要"]
    assert titles(pairing=scene.foreign.id) == ["别人的会议"]
    assert titles(overdue=1) == ["过期未记录"]
    assert titles(state="held", overdue=1) == []
    # What is no filter narrows nothing.
    assert len(titles(state="nonsense", pairing="x", after="garbage")) == 4


def test_empty_lists_say_what_belongs_there(client: PageClient, scene: Scene) -> None:
    client.login(scene.centre, PASSWORD)
    assert "还没有会议" in client.get("/meetings").text
    assert "没有符合条件的会议" in client.get("/meetings", {"state": "held"}).text


@pytest.mark.parametrize("who", ["supporting_contributor", "expert", "administrator", "auditor"])
def test_list_does_not_exist_for_those_without_meetings(
    client: PageClient, scene: Scene, who: str
) -> None:
    client.login(getattr(scene, who), PASSWORD)
    assert client.get("/meetings").status == 404


@pytest.mark.parametrize("many", [2, 30])
def test_pages_keep_their_number_of_queries(client: PageClient, scene: Scene, many: int) -> None:
    plan = plan_in_force(scene.pairing, scene)
    for number in range(many):
        make_task(plan, title=f"逾期任务{number}", due_on=date(2021, 1, 1))
        planned_meeting(scene, on=date(2021, 3, 1))
    tasks = list(db.session.scalars(sa.select(Task).order_by(Task.id)))
    entries = [
        ResolutionEntry("推进", Side.SUPPORTED, date(2021, 6, 30), task_id=task.id)
        for task in tasks[:many]
    ]
    agenda = [AgendaEntry(task.title, task.id) for task in tasks[:many]]
    approved = approved_meeting(scene, resolutions=entries, agenda=agenda)
    draft = draft_minutes(scene, resolutions=entries, agenda=agenda)
    client.login(scene.supporting_coordinator, PASSWORD)
    for path, budget in (
        ("/meetings", 4),
        (f"/pairings/{scene.pairing_id}/meetings", 4),
        (f"/meetings/{approved.id}", 7),
        (f"/meetings/{approved.id}/print", 6),
        (plan_path(scene), 5),
        (f"/meetings/{draft.id}/minutes", 10),
    ):
        with count_queries() as queries:
            assert client.get(path).status == 200
        queries.at_most(budget)
