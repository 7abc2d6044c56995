"""After a new edition: plans being drawn up are told, and take texts over or keep their own."""

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import Event, LibraryTask, Plan, PlanState, Recurrence, Side, Task
from portal.queries.library_updates import newer_of
from portal.services import library_editions, library_tasks, library_updates
from portal.services.picking import pick_from_library
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.library import draft_edition, entry_of, make_example, make_library, standard
from tests.factories.plans import drafting_plan, endorse, make_library_task, plan_in_force
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def picked_plan(scene: Scene) -> Plan:
    """A plan picked from the first edition, with a yearly task among it."""
    library = make_library()
    yearly = make_library_task("A-09", edition="2020-1", recurrence=Recurrence.YEARLY, position=99)
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    pick_from_library([plan], [*library, yearly], actor=scene.supporting_coordinator)
    return plan


def publish(scene: Scene, **changed: dict[str, object]) -> None:
    """Publish an edition in which tasks say something else; codes with _ for -."""
    draft = draft_edition(scene)
    for code, values in changed.items():
        task = standard(draft, code.replace("_", "-"))
        library_tasks.edit_standard_task(
            task, entry_of(task, **values), seen_version=None, actor=scene.centre
        )
    library_editions.publish_edition(draft, note="说明", seen_version=None, actor=scene.commission)


def task_of(plan: Plan, code: str) -> Task:
    return db.session.query(Task).filter_by(plan_id=plan.id, code=code).one()


def seen(*tasks: Task) -> dict[int, int]:
    return {task.id: task.version for task in tasks}


NEW_TEXT: dict[str, object] = {
    "criteria": "床位不少于30张。",
    "measures": "派驻医师。",
    "milestones": (("选址", 3),),
    "evidence": ("成立文件", "照片"),
    "weight": 3,
    "due_months": 12,
}


def test_plan_takes_the_new_text_and_keeps_days_and_people(session: Session) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    task = task_of(plan, "A-01")
    before = (task.starts_on, task.due_on, task.supported_owner_id)
    publish(scene, A_01=NEW_TEXT)
    (newer,) = newer_of(plan)
    assert [one.name for one in newer.fields] == [
        "measures",
        "criteria",
        "weight",
        "evidence",
        "milestones",
    ]
    count = library_updates.take_over(plan, seen(task), actor=scene.supported_coordinator)
    assert count == 1
    assert (task.criteria, task.measures, task.weight) == ("床位不少于30张。", "派驻医师。", 3)
    assert [one.name for one in task.requirements] == ["成立文件", "照片"]
    assert [(one.title, str(one.due_on)) for one in task.milestones] == [("选址", "2020-08-21")]
    assert (task.starts_on, task.due_on, task.supported_owner_id) == before
    assert newer_of(plan) == []
    event = session.query(Event).filter_by(title="1 项任务改用新版标准文本").one()
    assert [list(pair) for pair in event.details] == [
        ["A-01", "帮扶措施、验收标准、权重、佐证材料、节点"]
    ]


def test_yearly_task_keeps_the_year_in_its_title(session: Session) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    publish(scene, A_09={"title": "改了名"})
    assert [one.fields[0].after for one in newer_of(plan)] == [
        f"改了名（第{year}年）" for year in (1, 2, 3)
    ]


def test_plan_may_keep_its_own_text_and_its_endorsements(session: Session) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    publish(scene, A_01=NEW_TEXT, B_01={"title": "新名"})
    endorse(plan, scene, Side.SUPPORTING)
    own, other = task_of(plan, "A-01"), task_of(plan, "B-01")
    assert library_updates.keep_own(plan, seen(own), actor=scene.supporting_coordinator) == 1
    assert own.criteria == "达到标准要求。"
    assert [one.task for one in newer_of(plan)] == [other]
    assert plan.endorsements
    library_updates.take_over(plan, seen(other), actor=scene.supporting_coordinator)
    assert other.title == "新名"
    assert not plan.endorsements


def test_same_text_in_a_newer_edition_is_not_told(session: Session) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    publish(scene, A_01={"basis": "另一份文件", "due_months": 9})
    assert newer_of(plan) == []


def test_plan_in_force_is_not_told_and_not_changed(session: Session) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    task = task_of(plan, "A-01")
    publish(scene, A_01=NEW_TEXT)
    in_force = plan_in_force(scene.foreign, scene)
    plan.state, plan.in_force_at = PlanState.IN_FORCE, in_force.in_force_at
    session.flush()
    assert newer_of(plan) == []
    with pytest.raises(StepRefused):
        library_updates.take_over(plan, seen(task), actor=scene.supporting_coordinator)
    assert task.criteria == "达到标准要求。"


@pytest.mark.parametrize("who", ["supporting_leader", "centre", "city", "foreign_coordinator"])
def test_only_coordinators_of_the_pairing_decide(session: Session, who: str) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    publish(scene, A_01=NEW_TEXT)
    ticked = seen(task_of(plan, "A-01"))
    for step in (library_updates.take_over, library_updates.keep_own):
        with pytest.raises(Forbidden):
            step(plan, ticked, actor=getattr(scene, who))
    assert len(newer_of(plan)) == 1


def test_empty_choice_and_stale_page_change_nothing(session: Session) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    publish(scene, A_01=NEW_TEXT)
    task = task_of(plan, "A-01")
    with pytest.raises(Rejected, match="请先勾选任务"):
        library_updates.take_over(plan, {}, actor=scene.supporting_coordinator)
    with pytest.raises(StaleEdit):
        library_updates.take_over(plan, {task.id: 99}, actor=scene.supporting_coordinator)
    assert task.criteria == "达到标准要求。"


def test_coordinator_sees_the_difference_and_takes_it_over(client: PageClient) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    publish(scene, A_01=NEW_TEXT, B_01={"title": "新名"})
    client.login(scene.supported_coordinator, PASSWORD)
    tab = client.get(f"/pairings/{scene.pairing_id}/plan")
    assert "有新版标准任务" in tab.text
    assert "计划中有 2 项任务与现行标准任务库不一致" in tab.text
    page = client.get(f"/plans/{plan.id}/library")
    task = task_of(plan, "A-01")
    assert "验收标准达到标准要求。床位不少于30张。" in page.texts(f"#task-{task.id} tbody tr")
    form = f'form[action="/plans/{plan.id}/library"]'
    assert client.submit(page, form, task=[], do="take").status == 422
    stale = client.submit(page, form, task=[f"{task.id}-99"], do="take")
    assert stale.status == 409
    assert len(stale.select("input[name=task][checked]")) == 1
    ticked = [f"{task.id}-{task.version}", "x", "0-0"]
    assert client.submit(page, form, task=ticked, do="take").status == 303
    other = task_of(plan, "B-01")
    left = [f"{other.id}-{other.version}"]
    assert client.submit(page, form, task=left, do="keep", _once="another").status == 303
    assert (task.criteria, other.title) == ("床位不少于30张。", "标准任务B-01")
    assert "有新版标准任务" not in client.get(f"/pairings/{scene.pairing_id}/plan").text
    assert "都与现行标准一致" in client.get(f"/plans/{plan.id}/library").text


def test_page_asks_a_fixed_number_of_questions(client: PageClient) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    codes = {f"{letter}_0{number}": NEW_TEXT for letter in "ABCDE" for number in (1, 2)}
    publish(scene, **codes)
    address = f"/plans/{plan.id}/library"
    client.login(scene.supporting_coordinator, PASSWORD)
    with count_queries() as queries:
        page = client.get(address)
    assert len(page.select("input[name=task]")) == 10
    queries.at_most(8)


def test_examples_stand_beside_their_task_on_the_picking_page(client: PageClient) -> None:
    scene = make_scene()
    plan = picked_plan(scene)
    source = db.session.query(LibraryTask).filter_by(code="A-01").one()
    example = make_example(task_of(plan, "A-01"), by=scene.centre)
    task = example.task
    task.closed_on = task.due_on
    task.state = task.state.CLOSED
    db.session.commit()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get("/plans/pick")
    row = next(row for row in page.texts("tbody tr") if source.code in row)
    assert "1 个示范案例" in row
    assert "院长办公会每月调度一次" in row
