"""Amendments in the browser: written, consented to, approved, read; the versions they leave."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import (
    AmendmentState,
    Area,
    ChangeKind,
    GoalFigure,
    PlanAmendment,
    Task,
    TaskState,
)
from portal.services.plan_versions import take_version
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories import amendments as made
from tests.factories.closures import plan_of
from tests.factories.extensions import running_scene, waiting_extension
from tests.factories.plans import make_library_task, plan_in_force
from tests.factories.tasks import make_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def action(name: str, amendment: PlanAmendment) -> str:
    return f"form[action='/amendments/{amendment.id}/{name}']"


def test_coordinator_writes_an_amendment_and_asks_the_leaders(
    client: PageClient, scene: Scene
) -> None:
    task = make_task(plan_in_force(scene.pairing, scene), state=TaskState.IN_PROGRESS)
    plan_id, task_id, code = task.plan_id, task.id, task.code
    client.login(scene.supporting_coordinator, PASSWORD)
    plan = client.get(f"/pairings/{scene.pairing_id}/plan")
    answer = client.submit(plan, f"form[action='/plans/{plan_id}/amendments']")
    reason = client.get(str(answer.location))
    answer = client.submit(reason, "main form", reason=made.WHY)
    page = client.get(str(answer.location))
    assert page.h1 == "计划调整（第 1 号）"
    assert "至少写一项调整内容" in page.one("#missing").text
    form = client.get(f"/amendments/1/tasks/{task_id}")
    assert "（由延期办理）" in form.text
    answer = client.submit(form, "main form", criteria="达到调整后的标准。", note="以新标准为准")
    page = client.get(str(answer.location))
    assert page.texts("#lines h3")[0] == f"1. 修改任务：{code} {task.title}"
    assert "双方商定" in page.one("#lines del").text
    assert "调整后" in page.one("#lines ins").text
    amendment = db.session.scalars(sa.select(PlanAmendment)).one()
    answer = client.submit(page, action("propose", amendment))
    assert answer.status == 303
    page = client.get(f"/amendments/{amendment.id}")
    assert "等海口帮扶医院负责人、文昌受援医院负责人同意计划调整" in page.text


def test_leader_consents_and_the_centre_approves(client: PageClient, scene: Scene) -> None:
    task = made.task_of(scene, title="原来的名称")
    amendment = made.proposed(scene, made.drafted(scene, task, title="现在的名称"))
    for leader in (scene.supporting_leader, scene.supported_leader):
        client.login(leader, PASSWORD)
        page = client.get(f"/amendments/{amendment.id}")
        assert client.submit(page, action("consent", amendment)).status == 303
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}")
    assert "等省中心批准计划调整" in page.text
    answer = client.submit(page, action("approve", amendment), comment="同意。")
    assert answer.status == 303
    page = client.get(f"/amendments/{amendment.id}")
    assert f"{scene.centre.name}" in page.one("#why").text
    assert task.title == "现在的名称"
    assert "按调整内容执行" in page.one("#history").text


def test_an_approval_that_no_longer_fits_names_the_task(client: PageClient, scene: Scene) -> None:
    task = made.task_of(scene)
    amendment = made.agreed(scene, made.drafted(scene, task))
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}")
    task.criteria = "别人改过的标准。"
    db.session.flush()
    answer = client.submit(page, action("approve", amendment), comment="同意。")
    assert answer.status == 409
    assert f"{task.code} {task.title}的“验收标准”在起草后已有变动" in answer.text
    assert amendment.state is AmendmentState.AGREED


def test_a_return_without_a_reason_is_asked_for_one_and_shown_on_top(
    client: PageClient, scene: Scene
) -> None:
    amendment = made.agreed(scene)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}")
    answer = client.submit(page, action("return", amendment), reason="")
    assert answer.status == 422
    assert "请填写退回的理由" in answer.text
    answer = client.submit(answer, action("return", amendment), reason="请附论证材料。")
    assert answer.status == 303
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}")
    assert "请附论证材料。" in page.one(".notice").text
    assert "调整被退回" in client.get("/").text


def test_tasks_are_suspended_by_the_bar_of_the_list(client: PageClient, scene: Scene) -> None:
    amendment = made.started(scene)
    tasks = [made.task_of(scene) for _ in range(2)]
    ids = [str(task.id) for task in tasks]
    client.login(scene.supported_coordinator, PASSWORD)
    address = f"/amendments/{amendment.id}/tasks"
    page = client.get(address)
    answer = client.submit(page, "main form", task=ids, do="suspend")
    assert answer.status == 303
    page = client.get(str(answer.location))
    assert [text.split("：")[0] for text in page.texts("#lines h3")] == [
        "1. 暂停任务",
        "2. 暂停任务",
    ]
    assert "须有领导小组会议决议" in page.one("#missing").text
    none = client.submit(client.get(address), "main form", do="cancel")
    assert none.status == 422
    assert "请至少勾选一项任务" in none.text


@pytest.mark.parametrize("do", ["", "change", "add", "nonsense"])
def test_only_the_three_moves_are_taken(client: PageClient, scene: Scene, do: str) -> None:
    amendment, task = made.started(scene), made.task_of(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}/tasks")
    answer = client.submit(page, "main form", task=[str(task.id)], do=do)
    assert answer.status == 422
    assert amendment.changes == []


def test_a_task_of_elsewhere_is_no_such_thing(client: PageClient, scene: Scene) -> None:
    amendment = made.started(scene)
    made.task_of(scene)
    other = make_task(plan_of(scene, scene.foreign), state=TaskState.IN_PROGRESS)
    client.login(scene.supported_coordinator, PASSWORD)
    assert client.get(f"/amendments/{amendment.id}/tasks/{other.id}").status == 404
    page = client.get(f"/amendments/{amendment.id}/tasks")
    assert client.submit(page, "main form", task=[str(other.id)], do="suspend").status == 404


def test_goals_and_figures_of_an_area_are_amended(client: PageClient, scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    amendment = made.started(scene)
    made.drafts.save_reason(
        amendment, reason=made.WHY, resolution_id=None, actor=scene.supported_coordinator
    )
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}/goals?area=faculty")
    bad = client.submit(page, "main form", figures="带教师资 | 人 | 很多")
    assert bad.status == 422
    assert "第 1 行的“很多”：请填写数字" in bad.text
    answer = client.submit(
        bad,
        "main form",
        **{"goal-2": "第二年覆盖全部带教师资。", "figures": "带教师资 | 人 | 12 | 15 | 18 | 20"},
    )
    assert answer.status == 303
    made.approved(scene, amendment)
    (figure,) = plan.figures
    assert (figure.name, figure.unit, figure.targets) == (
        "带教师资",
        "人",
        {"1": "15", "2": "18", "3": "20"},
    )
    assert any(goal.year == 2 and "全部带教" in goal.goal for goal in plan.goals)


def test_a_line_of_figures_that_is_not_parted_is_refused_and_a_lost_one_named(
    client: PageClient, scene: Scene
) -> None:
    plan = plan_in_force(scene.pairing, scene)
    amendment = made.started(scene)
    plan.figures.append(
        GoalFigure(
            area=Area.FACULTY,
            position=1,
            name="带教师资",
            unit="人",
            baseline=Decimal(12),
            targets={"1": "15"},
        )
    )
    db.session.flush()
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}/goals?area=faculty")
    typed = "全科病床数 张 16 16 20\n门诊量 | 人次 | 多"
    bad = client.submit(page, "main form", figures=typed)
    assert bad.status == 422
    assert "第 1 行没有用“|”分栏" in bad.text
    assert "第 2 行的“多”：请填写数字" in bad.text
    assert bad.one("#figures").get_text().strip() == typed
    assert client.submit(bad, "main form", figures="病床 | 张 | 16 | 20").status == 303
    lines = client.get(f"/amendments/{amendment.id}").one("#lines")
    rows = [" ".join(row.get_text(" ").split()) for row in lines.select("tbody tr")]
    assert rows == ["新增 病床 张 16 20 — —", "删除 带教师资 人 12 15 — —"]
    assert "|" not in lines.get_text()


def test_the_form_of_a_task_that_cannot_be_amended_does_not_open(
    client: PageClient, scene: Scene
) -> None:
    amendment = made.started(scene)
    task = made.task_of(scene)
    task.state = TaskState.CLOSURE_REQUESTED
    db.session.flush()
    client.login(scene.supported_coordinator, PASSWORD)
    refused = client.get(f"/amendments/{amendment.id}/tasks/{task.id}")
    assert refused.status == 409
    assert "不能修改任务" in refused.text


def test_a_task_is_added_with_somebody_in_charge_on_both_sides(
    client: PageClient, scene: Scene
) -> None:
    plan_in_force(scene.pairing, scene)
    amendment = made.started(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}/new-task")
    answer = client.submit(
        page,
        "main form",
        title="新建门诊",
        criteria="开诊。",
        starts_on="2021-03-01",
        due_on="2021-12-31",
        evidence="开诊照片",
        supporting_owner="吴某",
        supported_owner=scene.supported_contributor.name,
    )
    assert answer.status == 303
    assert "帮扶方责任人 内容 吴某" in " ".join(
        client.get(str(answer.location)).one("#lines").get_text(" ").split()
    )
    made.drafts.save_reason(
        amendment, reason=made.WHY, resolution_id=None, actor=scene.supported_coordinator
    )
    made.approved(scene, amendment)
    task = db.session.scalars(sa.select(Task).where(Task.title == "新建门诊")).one()
    assert task.supporting_person == "吴某"
    assert task.supported_owner is scene.supported_contributor


def test_standard_tasks_are_added_from_the_library(client: PageClient, session: Any) -> None:
    scene = running_scene()
    amendment = made.started(scene)
    standard = make_library_task("A-77", title="全科门诊", weight=3)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}/library")
    empty = client.submit(page, "main form")
    assert empty.status == 422
    answer = client.submit(page, "main form", task=[str(standard.id)])
    assert answer.status == 303
    (line,) = amendment.changes
    assert (line.kind, line.after["code"]) == (ChangeKind.ADD, "A-77")
    made.drafts.save_reason(
        amendment, reason=made.WHY, resolution_id=None, actor=scene.supported_coordinator
    )
    made.approved(scene, amendment)
    task = db.session.scalars(sa.select(Task).where(Task.code == "A-77")).one()
    assert (task.library_task_id, task.weight) == (standard.id, 3)


def test_a_line_is_taken_off(client: PageClient, scene: Scene) -> None:
    amendment = made.drafted(scene)
    line = amendment.changes[0].id
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}")
    answer = client.submit(page, action(f"lines/{line}/remove", amendment))
    assert answer.status == 303
    assert amendment.changes == []


def test_an_older_page_writes_nothing_and_keeps_the_words(client: PageClient, scene: Scene) -> None:
    amendment = made.drafted(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/amendments/{amendment.id}/reason")
    made.drafts.save_reason(
        amendment, reason="别人的理由。", resolution_id=None, actor=scene.supporting_coordinator
    )
    answer = client.submit(page, "main form", reason="我写的理由。")
    assert answer.status == 409
    assert "我写的理由。" in answer.text
    assert amendment.reason == "别人的理由。"


def test_the_agreement_must_be_filed_again_when_a_core_task_changes(
    client: PageClient, scene: Scene
) -> None:
    task = made.task_of(scene, weight=3)
    made.approved(scene, made.drafted(scene, task))
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/plan")
    assert "协议须重新备案" in page.text
    link = f"/pairings/{scene.pairing_id}/agreement"
    assert any(str(a["href"]).startswith(link) for a in page.select(".notice a"))


def test_nothing_is_filed_again_for_a_small_change(client: PageClient, scene: Scene) -> None:
    made.approved(scene, made.drafted(scene, made.task_of(scene, weight=1)))
    client.login(scene.supported_coordinator, PASSWORD)
    assert "协议须重新备案" not in client.get(f"/pairings/{scene.pairing_id}/plan").text


def test_versions_are_listed_shown_and_compared(client: PageClient, scene: Scene) -> None:
    task = made.task_of(scene, title="原来的名称")
    amendment = made.approved(scene, made.drafted(scene, task, title="现在的名称"))
    plan_id = amendment.plan_id
    client.login(scene.city, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/amendments")
    assert [text.split("版")[0] for text in page.texts("#versions tbody th")] == ["第 2 ", "第 1 "]
    old = client.get(f"/plans/{plan_id}/versions/1")
    assert "原来的名称" in old.text
    assert "现在的名称" not in old.text
    assert client.get(f"/plans/{plan_id}/versions/9").status == 404
    both = client.get(f"/plans/{plan_id}/versions/compare?from=1&to=2")
    assert "修改任务" in both.text
    assert (both.one("del").text, both.one("ins").text) != ("", "")
    same = client.get(f"/plans/{plan_id}/versions/compare?from=2&to=2")
    assert "没有不同" in same.text


def test_the_queue_holds_what_waits_for_each(client: PageClient, session: Any) -> None:
    scene = running_scene()
    amendment = made.agreed(scene)
    core, other = made.task_of(scene, weight=3), made.task_of(scene, weight=1)
    for task in (core, other):
        waiting_extension(task, by=scene.supported_coordinator)
    client.login(scene.centre, PASSWORD)
    page = client.get("/changes")
    assert page.select(f"#amendments a[href='/amendments/{amendment.id}']")
    assert len(page.select("#extensions tbody tr")) == 2
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get("/changes")
    assert not page.select("#amendments tbody tr")
    assert len(page.select("#extensions tbody tr")) == 1
    bench = client.get("/")
    assert "延期待审批" in bench.text
    client.login(scene.foreign_leader, PASSWORD)
    assert not client.get("/changes").select("tbody tr")
    client.login(scene.supported_coordinator, PASSWORD)
    standing = client.get(f"/pairings/{scene.pairing_id}").text
    assert "批准计划调整" in standing
    assert "审批 1 项延期申请" in standing


def test_the_pages_keep_their_budgets(client: PageClient, scene: Scene) -> None:
    task = made.task_of(scene)
    amendment = made.drafted(scene, task)
    client.login(scene.supported_coordinator, PASSWORD)
    addresses = {
        f"/amendments/{amendment.id}": 12,
        f"/pairings/{scene.pairing_id}/amendments": 14,
    }
    for address in addresses:
        client.get(address)
    sizes = []
    for _ in range(2):
        for address, budget in addresses.items():
            with count_queries() as queries:
                assert client.get(address).status == 200
            queries.at_most(budget)
            sizes.append(len(queries))
        for _ in range(4):
            more = made.task_of(scene)
            texts = made.texts_of(more, title="改名")
            made.drafts.change_task(amendment, more, texts, actor=scene.supported_coordinator)
        take_version(amendment.plan, "又一版", actor=None)
        db.session.flush()
        db.session.expire_all()
    assert sizes[:2] == sizes[2:]
