"""The page of one task, through a real client."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.extensions import db
from portal.models import Event, ProgressNote, Task, TaskState
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.closures import closed, closure_requested, reopened, returned
from tests.factories.evidence import evidence_for, withdrawn
from tests.factories.plans import drafting_plan, plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries

READERS = ["commission", "centre", "city"]
WORKERS = [
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
]
STRANGERS = ["foreign_coordinator", "foreign_leader", "expert", "administrator", "auditor"]


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def task(scene: Scene) -> Task:
    return make_task(
        plan_in_force(scene.pairing, scene),
        title="设立独立全科医学科",
        evidence=("成立文件", "现场照片"),
        due_on=clock.today() + timedelta(days=40),
        supported_owner=scene.supported_contributor,
        supporting_owner=scene.supporting_contributor,
    )


def test_coordinator_sees_what_a_task_asks_for(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert page.h1 == "设立独立全科医学科"
    assert "达到双方商定的标准。" in page.text
    assert "已有 0/2 项" in page.text
    assert [words.split("从")[0] for words in page.texts(".requirement h3")] == [
        "成立文件缺",
        "现场照片缺",
        "其他材料非必需",
    ]
    assert "还有 40 天" in page.text
    assert f"等文昌受援医院（{scene.supported_contributor.name}）办理" in page.text


@pytest.mark.parametrize("role", [*READERS, *WORKERS, *STRANGERS])
def test_each_role_sees_the_forms_it_may_use(
    client: PageClient, scene: Scene, task: Task, role: str
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    if role in STRANGERS:
        assert page.status == 404
        return
    forms = {str(form["action"]).rpartition("/")[2] for form in page.select("main form")}
    expected = {"start", "notes", "evidence", "phone-link"} if role in WORKERS else set()
    assert forms - {"owners"} == expected
    assert ("owners" in forms) == role.endswith("coordinator")
    camera = page.select("main input[capture=environment]")
    assert len(camera) == (3 if role in WORKERS else 0)


@pytest.mark.parametrize("role", [*READERS, *WORKERS, *STRANGERS])
@pytest.mark.parametrize(
    ("verb", "data"),
    [("start", {}), ("notes", {"progress": 10, "body": "进展"}), ("evidence", {})],
)
def test_each_role_is_answered_as_it_may_act(
    client: PageClient, scene: Scene, task: Task, role: str, verb: str, data: dict[str, Any]
) -> None:
    client.login(getattr(scene, role), PASSWORD)
    answer = client.post(f"/tasks/{task.id}/{verb}", data)
    allowed = 422 if verb == "evidence" else 303
    expected = 404 if role in STRANGERS else 403 if role in READERS else allowed
    assert answer.status == expected


def test_contributor_gets_404_for_a_task_that_is_not_theirs(
    client: PageClient, scene: Scene, task: Task
) -> None:
    other = make_task(task.plan)
    client.login(scene.supported_contributor, PASSWORD)
    assert client.get(f"/tasks/{task.id}").status == 200
    assert client.get(f"/tasks/{other.id}").status == 404
    assert client.post(f"/tasks/{other.id}/start").status == 404


def test_overdue_task_says_by_how_many_days_and_keeps_its_first_date(
    client: PageClient, scene: Scene, task: Task
) -> None:
    task.first_due_on = clock.today() - timedelta(days=60)
    task.due_on = clock.today() - timedelta(days=3)
    task.extensions = 1
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert "逾期 3 天" in page.text
    assert "首次时限" in page.text
    assert "已延期 1 次" in page.text


def test_task_of_a_plan_being_drafted_says_when_work_begins(
    client: PageClient, scene: Scene
) -> None:
    plan = drafting_plan(scene.pairing, scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{plan.tasks[0].id}")
    assert "协议备案后才能开始办理" in page.text
    assert not page.select("main form[action$=notes]")
    assert not page.select(".waiting")


def test_returned_task_says_why_who_and_when_at_the_top(client: PageClient, scene: Scene) -> None:
    task = returned(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    banner = page.one(".returned").get_text()
    assert "会议记录缺少签到表。" in banner
    assert scene.supporting_leader.name in banner
    assert "重新提交" in page.one(".lead .waiting").get_text()


def test_reopened_task_shows_what_the_look_back_found(client: PageClient, scene: Scene) -> None:
    task = reopened(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    assert "制度未执行" in client.get(f"/tasks/{task.id}").one(".returned").get_text()


def test_locked_task_says_with_whom_it_is(client: PageClient, scene: Scene) -> None:
    task = closure_requested(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert "正由海口帮扶医院确认，期间不能修改" in page.text
    assert not page.select("main form[action$=notes]")
    for verb, data in (
        ("notes", {"progress": 10, "body": "写好的话"}),
        ("evidence", {"statement": "写好的话"}),
    ):
        refused = client.post(f"/tasks/{task.id}/{verb}", data)
        assert refused.status == 409
        assert "正由海口帮扶医院确认" in refused.one("[role=alert]").get_text()
        assert "写好的话" in refused.one("[role=alert] blockquote").get_text()
    assert db.session.query(ProgressNote).count() == 0


def test_application_for_a_task_closed_meanwhile_gives_the_words_back(
    client: PageClient, scene: Scene
) -> None:
    task = closed(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    data = {"statement": "写好的说明", "evidence_on": clock.today().isoformat()}
    refused = client.post(f"/tasks/{task.id}/closure", data)
    assert refused.status == 409
    assert "写好的说明" in refused.one("[role=alert] blockquote").get_text()


def test_closed_task_shows_its_date_and_takes_nothing(client: PageClient, scene: Scene) -> None:
    task = closed(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert "任务已销号，记录不再变动" in page.text
    assert "按期销号" in page.text or "逾期" in page.text
    assert client.post(f"/tasks/{task.id}/evidence").status == 409


def test_coordinator_writes_a_note_and_the_timeline_tells_it(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    answer = client.submit(
        page, "main form[action$=notes]", progress="40", body="已腾出病房 6 间。"
    )
    assert answer.status == 303
    shown = client.get(answer.location)
    assert shown.texts(".event-title") == ["填写进展", "启动任务"]
    assert "已腾出病房 6 间。" in shown.one(".event-comment").get_text()
    assert shown.one("input[name=progress]")["value"] == "40"
    assert db.session.get(Task, task.id).state is TaskState.IN_PROGRESS  # type: ignore[union-attr]


def test_double_click_writes_one_note(client: PageClient, scene: Scene, task: Task) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    for _ in range(2):
        answer = client.submit(page, "main form[action$=notes]", progress="40", body="进展")
        assert answer.status == 303
    assert db.session.query(ProgressNote).count() == 1
    assert db.session.query(Event).filter_by(action="noted").count() == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"progress": "120", "body": "写了很久的进展"}, "0 到 100"),
        ({"progress": "一半", "body": "写了很久的进展"}, "完成比例"),
        ({"progress": "", "body": "写了很久的进展"}, "请填写完成比例"),
        ({"progress": "20", "body": "长" * 5001}, "现有 5001 个字"),
        ({"progress": "20", "body": "   "}, "请写明进展情况"),
    ],
)
def test_refused_note_comes_back_with_what_was_typed(
    client: PageClient, scene: Scene, task: Task, data: dict[str, str], said: str
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.post(f"/tasks/{task.id}/notes", data)
    assert answer.status == 422
    assert said in answer.one("#note").get_text()
    assert answer.one("textarea[name=body]").get_text().strip() == data["body"].strip()
    assert answer.one("input[name=progress]")["value"] == data["progress"]
    assert answer.one("input[name=evidence_on]")["value"] == clock.today().isoformat()
    assert db.session.query(ProgressNote).count() == 0


def test_coordinator_names_an_owner_of_their_own_hospital(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    offered = {int(str(option["value"])) for option in page.select("#owner option")}
    hospital = {scene.supported_coordinator, scene.supported_leader, scene.supported_contributor}
    assert offered == {0, *(person.id for person in hospital)}
    chosen = scene.supported_leader.id
    assert client.submit(page, "#assign form", owner=str(chosen)).status == 303
    db.session.refresh(task)
    assert task.supported_owner_id == chosen
    assert task.supporting_owner_id == scene.supporting_contributor.id
    assert client.submit(page, "#assign form", owner="0", _once="again").status == 303
    db.session.refresh(task)
    assert task.supported_owner_id is None


def test_coordinator_cannot_name_somebody_who_is_not_offered(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    answer = client.post(
        f"/tasks/{task.id}/owners", {"owner": str(scene.supporting_coordinator.id)}
    )
    assert answer.status == 422
    assert answer.one("#assign").has_attr("open")
    assert client.post(f"/tasks/{task.id}/owners", {"owner": "x"}).status == 422


def test_leader_and_readers_cannot_name_owners(
    client: PageClient, scene: Scene, task: Task
) -> None:
    for person in (scene.supported_leader, scene.centre):
        client.login(person, PASSWORD)
        assert client.post(f"/tasks/{task.id}/owners", {"owner": "0"}).status == 403
        client.logout()


def test_withdrawn_evidence_is_shown_struck_and_does_not_count(
    client: PageClient, scene: Scene, task: Task
) -> None:
    piece = evidence_for(task, by=scene.supported_coordinator, name="旧文件.pdf").evidence
    withdrawn(piece, by=scene.supported_coordinator, reason="版本不对")
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    assert page.texts(".requirement s") == ["旧文件"]
    assert "撤回理由：版本不对" in page.text
    assert "已有 0/2 项" in page.text


def test_task_page_asks_a_fixed_number_of_questions(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/tasks/{task.id}"
    with count_queries() as few:
        client.get(address)
    for number in range(12):
        by = scene.supported_leader if number % 2 else scene.supporting_contributor
        evidence_for(task, task.requirements[number % 2], by=by)
    with count_queries() as many:
        page = client.get(address)
    assert len(page.select(".requirement .file")) == 12
    many.at_most(8)
    assert len(many) == len(few), str(many)


def test_old_start_button_of_a_begun_task_leads_back(
    client: PageClient, scene: Scene, task: Task
) -> None:
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/tasks/{task.id}")
    task.state = TaskState.IN_PROGRESS
    answer = client.submit(page, f"form[action$='/tasks/{task.id}/start']")
    assert (answer.status, answer.location) == (303, f"/tasks/{task.id}")
    assert not client.get(f"/tasks/{task.id}").select("#task-start form")
