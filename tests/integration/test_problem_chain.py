"""The chain of one problem: need, goal, tasks, evidence, score; and who is told of problems."""

import pytest

from portal import clock
from portal.extensions import db
from portal.models import EvidenceStatus, PlanState, Problem, SurveyPhoto, TaskState, User
from portal.queries.problem_chain import chain_of
from portal.queries.problems import get_problem, unanswered_problems
from portal.queries.workbench import bench_of
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.assessments import score_of, self_assessing
from tests.factories.evidence import evidence_for, png_bytes
from tests.factories.needs import item_of, survey_with
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.problems import dismissed_problem, make_problem
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


def worked_on(scene: Scene) -> Problem:
    """A problem with a running task that has an accepted and a pending piece."""
    plan = plan_in_force(scene.pairing, scene)
    task = make_task(plan, state=TaskState.IN_PROGRESS, title="设置独立病房")
    accepted = evidence_for(task, by=scene.supported_coordinator).evidence
    accepted.status, accepted.reviewed_at = EvidenceStatus.ACCEPTED, clock.now()
    accepted.reviewed_by = scene.supporting_coordinator
    evidence_for(task, by=scene.supported_coordinator, name="病房.png", content=png_bytes())
    gone = evidence_for(task, by=scene.supported_coordinator).evidence
    gone.status, gone.withdrawn_at = EvidenceStatus.WITHDRAWN, clock.now()
    gone.withdrawn_reason = "传错了"
    db.session.flush()
    return make_problem(scene.pairing, scene.supported_coordinator, tasks=[task])


def test_page_leads_from_need_to_score(client: PageClient) -> None:
    scene = make_scene()
    assessment = self_assessing(scene)
    problem = worked_on(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/problems/{problem.id}")
    assert page.texts(".step-label") == ["需求", "目标", "任务", "佐证", "得分"]
    assert problem.need in page.one("#need").get_text()
    assert problem.goal in page.one("#goal").get_text()
    assert "设置独立病房" in page.one("#tasks").get_text()
    assert "已认可 1，待审核 1" in page.one("#tasks").get_text()
    assert len(page.select("#evidence .with-thumb")) == 2
    scores = page.one("#scores").get_text()
    for title in ("任务加权销号率", "按期完成率", "建科标准达标情况", f"{assessment.year} 年"):
        assert title in scores
    assert "教学活动频次" not in scores


def test_scores_of_a_year_stand_beside_their_items(client: PageClient) -> None:
    scene = make_scene()
    assessment = self_assessing(scene)
    problem = worked_on(scene)
    score_of(assessment, "A1").self_score = 3
    db.session.flush()
    viewer = scene.supported_coordinator
    chain = chain_of(get_problem(problem.id, viewer=viewer), viewer=viewer)
    cells = {line.item.code: line.cells[0] for line in chain.scores}
    assert (cells["A1"].score, cells["A1"].said) == (3, "自评")
    assert (cells["2.1"].score, cells["2.1"].said) == (None, "冻结数据后计算")
    assert cells["A2"].said == "尚未评分"
    automatic = score_of(assessment, "2.1")
    automatic.automatic_score = 8
    automatic.inputs = {"rows": [{"kind": "task", "id": chain.tasks[0].task.id}]}
    judged = score_of(assessment, "A1")
    judged.review_score, judged.review_reason = 2, "床位不足"
    db.session.flush()
    db.session.expire_all()
    before = chain_of(get_problem(problem.id, viewer=viewer), viewer=viewer)
    cells = {line.item.code: line.cells[0] for line in before.scores}
    assert (cells["2.1"].score, cells["2.1"].said) == (8, "计入其中 1 项任务")
    assert (cells["A1"].score, cells["A1"].said) == (3, "自评")
    centre = chain_of(get_problem(problem.id, viewer=scene.centre), viewer=scene.centre)
    cells = {line.item.code: line.cells[0] for line in centre.scores}
    assert (cells["A1"].score, cells["A1"].said) == (2, "评审")


def test_items_are_named_before_there_is_an_assessment(client: PageClient) -> None:
    from portal.services import first_run

    scene = make_scene(scheme=first_run.load_scheme())
    problem = make_problem(scene.pairing, scene.supported_coordinator)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/problems/{problem.id}")
    assert "建科标准达标情况" in page.text
    assert "年度考核开始后，这里显示各年得分" in page.text


def test_photos_of_the_item_stand_beside_the_need(client: PageClient) -> None:
    scene = make_scene()
    by = scene.supported_coordinator
    survey = survey_with(scene.pairing, by)
    item = item_of(survey, "gp_ward")
    plan = drafting_plan(scene.pairing, scene)
    files = [
        evidence_for(plan.tasks[0], by=by, name=f"{n}.png", content=png_bytes()).evidence.file
        for n in range(3)
    ]
    for caption, file, withdrawn in (
        ("内科病房走廊", files[0], None),
        ("拍错的照片", files[1], clock.now()),
    ):
        db.session.add(
            SurveyPhoto(
                survey_id=survey.id,
                item_id=item.id,
                file_id=file.id,
                caption=caption,
                added_by_id=by.id,
                added_at=clock.now(),
                withdrawn_at=withdrawn,
                withdrawn_reason="拍错" if withdrawn else "",
            )
        )
    problem = make_problem(scene.pairing, by, survey=survey, item=item)
    client.login(by, PASSWORD)
    page = client.get(f"/problems/{problem.id}")
    assert page.texts("#need .gallery-title") == ["内科病房走廊"]


def test_page_of_a_worked_problem_has_a_budget(client: PageClient) -> None:
    scene = make_scene()
    self_assessing(scene)
    problem = worked_on(scene)
    for task in problem.answers[0].task.plan.tasks[:4]:
        problem.answers.append(
            type(problem.answers[0])(task=task, added_by_id=scene.centre.id, added_at=clock.now())
        )
        evidence_for(task, by=scene.supported_coordinator)
    db.session.flush()
    client.login(scene.supported_coordinator, PASSWORD)
    with count_queries() as queries:
        client.get(f"/problems/{problem.id}")
    queries.at_most(14)


def test_task_page_names_the_problems_it_answers(client: PageClient) -> None:
    scene = make_scene()
    problem = worked_on(scene)
    task = problem.answers[0].task
    task.supported_owner = scene.supported_contributor
    db.session.flush()
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert f"/problems/{problem.id}" in {link["href"] for link in page.select("#problems a")}
    client.logout()
    client.login(scene.supported_contributor, PASSWORD)
    assert not client.get(f"/tasks/{task.id}").select("#problems")


def test_plan_is_told_which_problems_no_task_answers(client: PageClient) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    by = scene.supported_coordinator
    alone = make_problem(scene.pairing, by)
    make_problem(scene.pairing, by, tasks=[plan.tasks[0]])
    dismissed_problem(scene.pairing, by)
    dead = make_task(plan, state=TaskState.CANCELLED, cancelled_on=clock.today())
    left = make_problem(scene.pairing, by, tasks=[dead])
    make_problem(scene.foreign, scene.foreign_coordinator)
    assert unanswered_problems(plan) == [alone, left]


def waiting(user: User) -> list[str]:
    return [one.title for one in bench_of(user).to_do if one.kind == "问题待安排任务"]


@pytest.mark.parametrize("role", ["supporting_coordinator", "supported_coordinator"])
def test_coordinators_are_told_of_problems_without_a_task(client: PageClient, role: str) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    user = getattr(scene, role)
    assert waiting(user) == []
    for _ in range(2):
        make_problem(scene.pairing, scene.supported_leader)
    make_problem(scene.foreign, scene.foreign_coordinator)
    assert waiting(user) == ["2 项问题还没有任务"]
    client.login(user, PASSWORD)
    address = f"/pairings/{scene.pairing_id}/problems?standing=unanswered"
    assert address in {link["href"] for link in client.get("/").select("main a")}
    assert waiting(scene.supported_leader) == []
    plan.state, plan.in_force_at = PlanState.COMPLETED, clock.now()
    db.session.flush()
    assert waiting(user) == []
