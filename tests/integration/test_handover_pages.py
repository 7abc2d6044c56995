"""The pages of a hand-over, and what they say beside disabling an account."""

from typing import Any

import pytest
import time_machine

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import (
    Area,
    Handover,
    TaskState,
)
from portal.queries import handovers as queries
from portal.services import users
from tests.factories import PASSWORD, make_scene
from tests.factories.access import make_handover
from tests.factories.scenes import PEOPLE
from tests.support.handovers import experts, staff, task_of
from tests.support.pages import PageClient
from tests.support.queries import count_queries


@pytest.fixture(autouse=True)
def _in_the_first_year() -> Any:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


def test_leader_hands_over_a_colleagues_work_in_one_submit_and_gets_the_sheet(
    client: PageClient,
) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene, name="符接手")
    task = task_of(scene, giver)
    client.login(scene.supported_leader, PASSWORD)
    listed = client.get("/handovers")
    assert giver.name in listed.text
    page = client.get(f"/admin/users/{giver.id}/handover")
    boxes = page.select("input[name=items]")
    assert boxes
    assert all(box.has_attr("checked") for box in boxes), "everything is ticked at first"
    values = {"receiver": str(receiver.id), "reason": "调离科教科"}
    done = client.submit(page, "#handover", **values)
    assert done.status == 303
    sheet = client.get(done.location)
    assert sheet.h1 == "工作交接单"
    for word in (giver.name, "符接手", task.title, task.code, "2030-06-30", "监交人", "调离科教科"):
        assert word in sheet.text
    again = client.submit(page, "#handover", **values)
    assert again.location == done.location, "a double click makes one hand-over"
    assert db.session.query(Handover).count() == 1
    assert "第" in client.get("/handovers").one("#past").get_text()


def test_refused_form_keeps_what_was_ticked_and_typed(client: PageClient) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    first, second = task_of(scene, giver), task_of(scene, giver)
    staff(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    kept = f"task-{second.id}-supported"
    refused = client.submit(page, "#handover", reason="轮岗", receiver="", items=[kept])
    assert refused.status == 422
    assert refused.one("#reason")["value"] == "轮岗"
    ticked = [box["value"] for box in refused.select("input[name=items][checked]")]
    assert ticked == [kept]
    assert first.supported_owner is giver


def test_nothing_ticked_is_told_on_the_page(client: PageClient) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task_of(scene, giver)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    values = {"receiver": str(receiver.id), "reason": "轮岗", "items": []}
    refused = client.submit(page, "#handover", **values)
    assert refused.status == 422
    assert "至少勾选一项" in refused.one("#items-error").get_text()


def test_list_that_changed_meanwhile_is_shown_anew(client: PageClient) -> None:
    scene = make_scene()
    giver, receiver = scene.supported_contributor, staff(scene)
    task_of(scene, giver)
    gone = task_of(scene, giver)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    gone.supported_owner = receiver
    db.session.flush()
    told = client.submit(page, "#handover", receiver=str(receiver.id), reason="轮岗")
    assert told.status == 409
    assert "清单已有变化" in told.text
    assert told.one("#reason")["value"] == "轮岗"
    assert len(told.select("input[name=items]")) == 1
    assert db.session.query(Handover).count() == 0


def test_receiver_of_another_hospital_cannot_be_chosen(client: PageClient) -> None:
    scene = make_scene()
    giver = scene.supported_contributor
    task = task_of(scene, giver)
    staff(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/admin/users/{giver.id}/handover")
    stranger = str(scene.supporting_contributor.id)
    refused = client.submit(page, "#handover", receiver=stranger, reason="轮岗")
    assert refused.status == 422
    assert task.supported_owner is giver


def test_page_says_when_there_is_nothing_or_nobody(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/admin/users/{scene.supported_contributor.id}/handover"
    assert "没有未办结的事项" in client.get(address).text
    task_of(scene, scene.supported_contributor)
    for user in (scene.supported_leader,):
        user.is_active = False
    db.session.flush()
    assert "没有可以接收的人" in client.get(address).text


def test_coordinator_does_not_hand_over_the_leaders_work(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/admin/users/{scene.supported_leader.id}/handover")
    assert page.status == 403
    assert "省中心或安全管理员" in page.text
    rows = client.get("/handovers").texts("#people tr")
    (told,) = [row for row in rows if "由省中心办理" in row]
    assert scene.supported_leader.name in told


def test_list_of_people_asks_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supported_leader, PASSWORD)
    for number in range(15):
        task_of(scene, staff(scene), area=list(Area)[number % 5])
    with count_queries() as queries_made:
        client.get("/handovers")
    # The session with its account, the people with their tasks, the hand-overs.
    queries_made.at_most(4)


@pytest.mark.parametrize("person", PEOPLE)
def test_sheet_is_read_by_those_it_concerns(client: PageClient, person: str) -> None:
    scene = make_scene()
    made = make_handover(scene.supported_coordinator, scene.supported_contributor)
    readers = {
        "commission",
        "centre",
        "other_centre",
        "supported_coordinator",
        "supported_leader",
        "supported_contributor",
        "security_administrator",
    }
    client.login(getattr(scene, person), PASSWORD)
    page = client.get(f"/handovers/{made.id}")
    assert page.status == (200 if person in readers else 404)


def test_hospital_keeps_the_sheet_of_someone_who_left_and_the_next_one_does_not_see_it(
    session: Any,
) -> None:
    scene = make_scene()
    made = make_handover(scene.supported_coordinator, scene.supported_contributor)
    for mover in (scene.supported_coordinator, scene.supported_contributor):
        mover.organisation = scene.foreign.supported
    session.flush()
    assert queries.get_handover(made.id, viewer=scene.supported_leader) is made
    with pytest.raises(NotVisible):
        queries.get_handover(made.id, viewer=scene.foreign_leader)


def test_account_page_lists_what_is_open_before_disabling_and_offers_the_hand_over(
    client: PageClient,
) -> None:
    scene = make_scene()
    owner = scene.supported_contributor
    task = task_of(scene, owner)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/admin/users/{owner.id}")
    warned = page.one("#disable")
    assert task.title in warned.get_text()
    assert warned.select_one(f"a[href$='/admin/users/{owner.id}/handover']") is not None
    assert client.submit(page, "#disable", reason="离职").status == 303, "offered, not forced"
    assert task.supported_owner_id == owner.id
    make_handover(owner, scene.supported_leader)
    assert "第" in client.get(f"/admin/users/{owner.id}").one("#handovers").get_text()


def test_security_administrator_reads_numbers_and_no_business(client: PageClient) -> None:
    scene = make_scene()
    owner = scene.supported_contributor
    task = task_of(scene, owner)
    client.login(scene.security_administrator, PASSWORD)
    page = client.get(f"/admin/users/{owner.id}")
    assert "受援方责任人：1 项" in page.one("#disable").get_text()
    assert task.title not in page.text
    assert "请先办理工作交接" in page.one("#details").get_text()
    owner.organisation = scene.foreign.supported
    db.session.flush()
    moved = client.get(f"/admin/users/{owner.id}")
    assert "原单位还有 1 项任务记在本人名下" in moved.text
    assert "未办结的事项" not in moved.one("#details").get_text()


def test_disabled_person_is_offered_nowhere_and_stays_in_the_records(client: PageClient) -> None:
    scene = make_scene()
    owner, colleague = scene.supported_contributor, staff(scene, name="还在的人")
    task = task_of(scene, owner, state=TaskState.IN_PROGRESS)
    users.disable_account(owner, reason="离职", actor=scene.centre)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    offered = [option.get_text() for option in page.select("#owner option")]
    assert any(colleague.name in one for one in offered)
    assert not any(f"{owner.name}（" in one for one in offered)
    assert f"{owner.name}（已停用）" in page.text
    plan = client.get(f"/pairings/{task.pairing_id}/plan")
    assert owner.name in plan.text
    assert owner.name not in " ".join(option.get_text() for option in plan.select("option"))
    assert owner.name in client.get("/handovers").text, "still has work in hand"


def test_disabled_expert_is_not_offered_for_an_assessment(client: PageClient) -> None:
    scene = make_scene()
    assessment, other = experts(scene)
    users.disable_account(other, reason="退休", actor=scene.centre)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/assessments/{assessment.id}")
    assert page.status == 200
    assert other.name not in " ".join(option.get_text() for option in page.select("option"))


def test_nobody_disables_the_own_account(client: PageClient) -> None:
    scene = make_scene()
    keeper = scene.security_administrator
    client.login(keeper, PASSWORD)
    assert client.get(f"/admin/users/{keeper.id}").select("#disable") == []
    assert client.post(f"/admin/users/{keeper.id}/disable", {"reason": "x"}).status == 403
    assert keeper.is_active
