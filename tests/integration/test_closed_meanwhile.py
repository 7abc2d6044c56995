"""Somebody else closed the step meanwhile: what was typed is still in the form."""

from datetime import date

from portal import clock
from portal.models import AgreementState, PlanState
from portal.services.meetings import cancel_meeting
from tests.factories import PASSWORD, make_scene
from tests.factories.agreements import draft_agreement
from tests.factories.meetings import planned_meeting
from tests.factories.plans import drafting_plan
from tests.support.pages import PageClient

TYPED = "写了很久的一段文字"


def test_text_of_an_agreement_locked_meanwhile_is_kept(client: PageClient) -> None:
    scene = make_scene()
    agreement = draft_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"/agreements/{agreement.id}/edit"
    page = client.get(address)
    name = str(page.select("main textarea")[0]["name"])
    body = agreement.current.clauses[0].body
    agreement.state = AgreementState.SIGNING
    answer = client.submit(page, "main form", **{name: TYPED})
    assert answer.status == 409
    assert "文本已锁定" in answer.text
    assert answer.one(f"textarea[name={name}]").get_text().strip() == TYPED
    assert agreement.current.clauses[0].body == body
    assert client.get(address).status == 409


def test_arrangements_of_a_meeting_cancelled_meanwhile_are_kept(client: PageClient) -> None:
    scene = make_scene()
    meeting = planned_meeting(scene, on=date(2021, 3, 15))
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"/meetings/{meeting.id}/edit"
    page = client.get(address)
    cancel_meeting(meeting, reason="改期", actor=scene.supported_coordinator)
    answer = client.submit(page, "main form", place=TYPED)
    assert answer.status == 409
    assert "不能再修改会议安排" in answer.text
    assert answer.one("#place")["value"] == TYPED
    assert meeting.place != TYPED
    assert client.get(address).status == 409


def test_task_of_a_plan_in_force_meanwhile_is_kept(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    client.login(scene.supporting_coordinator, PASSWORD)
    edit, new = f"/plans/{plan.id}/tasks/{task.id}", f"/plans/{plan.id}/tasks/new"
    pages = {address: client.get(address) for address in (edit, new)}
    plan.state, plan.in_force_at = PlanState.IN_FORCE, clock.now()
    for address, page in pages.items():
        answer = client.submit(page, f"main form[action='{address}']", title=TYPED)
        assert answer.status == 409
        assert "计划已经执行" in answer.text
        assert answer.one("[name=title]")["value"] == TYPED
        assert client.get(address).status == 409
    assert TYPED not in [one.title for one in plan.tasks]


def test_goals_of_a_plan_in_force_meanwhile_are_kept(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"/plans/{plan.id}/goals"
    page = client.get(address)
    name = str(page.select("main textarea")[0]["name"])
    plan.state, plan.in_force_at = PlanState.IN_FORCE, clock.now()
    answer = client.submit(page, "main form", **{name: TYPED})
    assert answer.status == 409
    assert "计划已经执行" in answer.text
    assert answer.one(f"textarea[name={name}]").get_text().strip() == TYPED
    assert client.get(address).status == 409
