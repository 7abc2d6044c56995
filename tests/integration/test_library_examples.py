"""Closed tasks shown as examples: chosen by the centre, told in its words, taken back."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Event, LibraryExample, Task, TaskState
from portal.queries.library_examples import examples_for
from portal.services import library_examples
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.library import made_from, make_example, make_library
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def closed_task(scene: Scene) -> Task:
    source = make_library()[0]
    task = made_from(plan_in_force(scene.foreign, scene), source, TaskState.CLOSED)
    task.closed_on = task.starts_on + timedelta(days=90)
    db.session.flush()
    return task


def own_task(scene: Scene, closed: Task) -> Task:
    """A task of the pairing under test, made from the same standard task."""
    plan = plan_in_force(scene.pairing, scene)
    task = make_task(plan, supported_owner=scene.supported_contributor)
    task.library_task_id = closed.library_task_id
    db.session.flush()
    return task


def test_centre_promotes_withdraws_and_tells_anew(session: Session) -> None:
    scene = make_scene()
    task = closed_task(scene)
    promote = library_examples.promote_example
    first = promote(task, summary="两个月完成。", names_hospitals=False, actor=scene.centre)
    library_examples.withdraw_example(first, actor=scene.other_centre)
    assert examples_for({"A-01"}) == {}
    again = promote(task, summary="重写的摘要。", names_hospitals=True, actor=scene.other_centre)
    assert again is first
    (shown,) = examples_for({"A-01", "A-02"})["A-01"]
    assert (shown.summary, shown.hospitals) == ("重写的摘要。", scene.foreign.title)
    assert (shown.days, shown.papers, shown.rounds) == (90, 0, 0)
    titles = [one.title for one in session.query(Event).filter_by(object_id=task.id)]
    assert titles == ["列为标准任务库示范案例", "不再列为示范案例", "列为标准任务库示范案例"]


@pytest.mark.parametrize(
    "who",
    ["commission", "city", "supporting_coordinator", "foreign_leader", "expert", "auditor"],
)
def test_only_the_centre_manages_examples(session: Session, who: str) -> None:
    scene = make_scene()
    task = closed_task(scene)
    example = make_example(task, by=scene.centre)
    outsider = getattr(scene, who)
    with pytest.raises(Forbidden):
        library_examples.promote_example(
            task, summary="别人写的", names_hospitals=True, actor=outsider
        )
    with pytest.raises(Forbidden):
        library_examples.withdraw_example(example, actor=outsider)
    assert (example.withdrawn_at, example.names_hospitals) == (None, False)


def test_open_and_own_tasks_are_no_examples(session: Session) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    running = made_from(plan, make_library()[0], TaskState.IN_PROGRESS)
    own = make_task(plan, state=TaskState.CLOSED)
    for task, said in ((running, "销号以后"), (own, "自定任务")):
        with pytest.raises(StepRefused, match=said):
            library_examples.promote_example(
                task, summary="摘要", names_hospitals=False, actor=scene.centre
            )
    assert session.query(LibraryExample).count() == 0


def test_numbers_of_people_are_kept_out_of_the_summary(session: Session) -> None:
    scene = make_scene()
    with pytest.raises(Rejected, match="手机号 1 处"):
        library_examples.promote_example(
            closed_task(scene),
            summary="请联系13912345678。",
            names_hospitals=False,
            actor=scene.centre,
        )


def test_withdrawn_example_is_not_withdrawn_again(session: Session) -> None:
    scene = make_scene()
    example = make_example(closed_task(scene), by=scene.centre)
    library_examples.withdraw_example(example, actor=scene.centre)
    with pytest.raises(StepRefused, match="已经撤回"):
        library_examples.withdraw_example(example, actor=scene.centre)


def test_reopened_task_is_no_example_while_it_is_open(session: Session) -> None:
    scene = make_scene()
    task = closed_task(scene)
    make_example(task, by=scene.centre)
    task.state, task.closed_on = TaskState.IN_PROGRESS, None
    session.flush()
    assert examples_for({"A-01"}) == {}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("who", ["supported_contributor", "supported_leader", "city"])
def test_another_pairing_reads_the_summary_and_figures_only(
    client: PageClient, who: str, named: bool
) -> None:
    scene = make_scene()
    closed = closed_task(scene)
    make_example(closed, by=scene.centre, names_hospitals=named)
    own = own_task(scene, closed)
    client.login(getattr(scene, who), PASSWORD)
    assert "1 个示范案例" in client.get(f"/tasks/{own.id}").text
    page = client.get(f"/tasks/{own.id}/standard")
    assert "院长办公会每月调度一次" in page.text
    assert "自开始 90 天" in page.text
    assert (scene.foreign.title in page.text) is named
    foreign = (scene.foreign.supporting.name, f"/tasks/{closed.id}", scene.foreign_leader.name)
    assert not [said for said in foreign if said in str(page.one("main"))]
    assert client.get(f"/tasks/{closed.id}/standard").status == 404


def test_own_task_has_no_standard_page(client: PageClient) -> None:
    scene = make_scene()
    task = make_task(plan_in_force(scene.pairing, scene))
    client.login(scene.supported_leader, PASSWORD)
    assert "标准任务原文" not in client.get(f"/tasks/{task.id}").text
    assert client.get(f"/tasks/{task.id}/standard").status == 404


def test_centre_promotes_on_the_page_and_the_library_shows_it(client: PageClient) -> None:
    scene = make_scene()
    task = closed_task(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/tasks/{task.id}/standard")
    assert "列为示范案例" in page.text
    address = f"/tasks/{task.id}/example"
    form = f'form[action="{address}"]'
    refused = client.submit(client.get(address), form, summary="电话13912345678")
    assert refused.status == 422
    assert refused.one("#summary").get_text().strip() == "电话13912345678"
    assert client.submit(refused, form, summary="").status == 422
    assert client.submit(refused, form, summary="两个月完成。").status == 303
    assert "1 个示范案例" in client.get("/library").text
    assert "两个月完成。" in client.get(f"/library/tasks/{task.library_task_id}").text
    again = client.get(address)
    assert again.one("#summary").get_text().strip() == "两个月完成。"
    example = db.session.query(LibraryExample).one()
    assert client.post(f"/library/examples/{example.id}/withdraw").status == 303
    assert "示范案例" not in client.get("/library").one("#area-department_building").get_text()


def test_form_of_an_open_task_is_refused(client: PageClient) -> None:
    scene = make_scene()
    task = made_from(plan_in_force(scene.pairing, scene), make_library()[0])
    client.login(scene.centre, PASSWORD)
    assert client.get(f"/tasks/{task.id}/example").status == 409
    assert client.post(f"/tasks/{task.id}/example", {"summary": "摘要"}).status == 409


def test_examples_are_asked_for_at_once(client: PageClient) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    for source in make_library():
        make_example(made_from(plan, source, TaskState.CLOSED), by=scene.centre)
    client.login(scene.supported_leader, PASSWORD)
    with count_queries() as queries:
        page = client.get("/library")
    assert page.text.count("1 个示范案例") == 10
    queries.at_most(4)
