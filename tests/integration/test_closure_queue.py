"""The reviewer's queue: whose it is, its order, its pages, and deciding many at once."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import ClosureRequest, Task, TaskState, User, VerificationPolicy
from portal.queries import closure_queue as queries
from portal.queries.closure_queue import Mark, Queue
from portal.services import closure
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.closures import (
    closed,
    closure_requested,
    confirmed,
    only_round,
    reopened,
    task_in_progress,
)
from tests.factories.evidence import evidence_for, rejected
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries


def titles(page: Page) -> list[str]:
    return [tag.get_text(strip=True) for tag in page.select("tbody th > a")]


def states(*tasks: Task) -> list[TaskState]:
    ids = [task.id for task in tasks]
    found = dict(db.session.execute(sa.select(Task.id, Task.state).where(Task.id.in_(ids))).all())
    return [found[one] for one in ids]


def many_waiting(scene: Scene, number: int) -> None:
    """Copy one confirmed task until ``number`` wait, without walking each through its steps."""
    first = confirmed(scene, requirements=())
    task, request = row_of(first), row_of(only_round(first))
    db.session.execute(
        sa.insert(Task), [task | {"number": 10**6 + copy} for copy in range(number - 1)]
    )
    copies = db.session.scalars(sa.select(Task.id).where(Task.number >= 10**6)).all()
    db.session.execute(sa.insert(ClosureRequest), [request | {"task_id": one} for one in copies])


def row_of(thing: Task | ClosureRequest) -> dict[str, Any]:
    """The columns of a row, without its key."""
    columns = thing.__table__.columns.keys()
    return {name: getattr(thing, name) for name in columns if name != "id"}


class TestWhoseQueue:
    @pytest.mark.parametrize(
        ("role", "status"),
        [
            ("centre", 200),
            ("supporting_leader", 200),
            ("supported_leader", 200),
            ("commission", 403),
            ("city", 403),
            ("supporting_coordinator", 403),
            ("supported_contributor", 403),
            ("expert", 403),
            ("administrator", 403),
            ("auditor", 403),
        ],
    )
    def test_queue_opens_for_reviewers(self, client: PageClient, role: str, status: int) -> None:
        scene = make_scene()
        client.login(getattr(scene, role), PASSWORD)
        assert client.get("/closure").status == status
        assert client.post("/closure/bulk").status == (303 if status == 200 else 403)

    def test_each_reviewer_sees_what_waits_for_them_oldest_first(self, client: PageClient) -> None:
        scene = make_scene()
        asked = [closure_requested(scene) for _ in range(2)]
        sure = [confirmed(scene) for _ in range(2)]
        asked[1].state_since -= timedelta(days=9)
        db.session.flush()
        task_in_progress(scene)
        expected: dict[str, list[Task]] = {
            "supporting_leader": [asked[1], asked[0]],
            "centre": sure,
            "supported_leader": [],
            "foreign_leader": [],
        }
        for role, tasks in expected.items():
            client.logout()
            client.login(getattr(scene, role), PASSWORD)
            assert titles(client.get("/closure")) == [task.title for task in tasks], role

    def test_row_with_a_rejected_piece_says_so_and_takes_no_tick(self, client: PageClient) -> None:
        scene = make_scene()
        fine, bad = confirmed(scene), confirmed(scene)
        piece = evidence_for(bad, by=scene.supported_coordinator).evidence
        only_round(bad).evidence = [*only_round(bad).evidence, {"evidence_id": piece.id}]
        rejected(piece, by=scene.other_centre)
        client.login(scene.centre, PASSWORD)
        page = client.get("/closure")
        assert [box["value"] for box in page.select("input[name=task]")] == [str(fine.id)]
        assert page.text.count("1 件不予认可，须退回") == 1

    def test_leader_has_no_queue_of_the_centre(self, client: PageClient) -> None:
        scene = make_scene()
        client.login(scene.supporting_leader, PASSWORD)
        assert client.get("/closure", {"queue": "verify"}).status == 404
        assert client.get("/closure", {"queue": "nonsense"}).status == 404

    def test_empty_queue_says_what_belongs_there(self, client: PageClient) -> None:
        scene = make_scene()
        client.login(scene.centre, PASSWORD)
        assert "没有等您审核的销号申请" in client.get("/closure").text
        assert "没有等待回头看的任务" in client.get("/closure", {"queue": "look-back"}).text

    def test_look_back_lists_what_nobody_looked_at_again(self, client: PageClient) -> None:
        scene = make_scene()
        old, new, seen = closed(scene), closed(scene), closed(scene)
        reopened(scene)
        closure.pass_lookback(seen, actor=scene.centre)
        old.closed_on = clock.today() - timedelta(days=90)
        old.state_since -= timedelta(days=90)
        db.session.flush()
        client.login(scene.centre, PASSWORD)
        page = client.get("/closure", {"queue": "look-back"})
        assert titles(page) == [old.title, new.title]
        assert page.texts("tbody .tag") == ["已满 90 天", "未满 90 天"]

    def test_look_back_is_due_again_after_a_new_closure(self, client: PageClient) -> None:
        scene = make_scene()
        task = closed(scene)
        closure.pass_lookback(task, actor=scene.centre)
        closure.reopen_task(task, reason="后来停止了。", actor=scene.centre)
        closure.request_closure(task, statement="已恢复。", actor=scene.supported_leader)
        closure.confirm_closure(task, actor=scene.supporting_leader)
        closure.verify_closure(task, actor=scene.centre)
        client.login(scene.centre, PASSWORD)
        assert titles(client.get("/closure", {"queue": "look-back"})) == [task.title]


class TestPaging:
    def test_pages_follow_each_other_without_gap_or_repeat(self, client: PageClient) -> None:
        scene = make_scene()
        many_waiting(scene, 120)
        client.login(scene.centre, PASSWORD)
        page = client.get("/closure")
        assert "待核验 120 项" in page.text
        seen = [str(box["value"]) for box in page.select("[data-check]")]
        while following := page.select("a[rel=next]"):
            page = client.get(str(following[0]["href"]))
            seen += [str(box["value"]) for box in page.select("[data-check]")]
        assert len(seen) == len(set(seen)) == 120

    @pytest.mark.parametrize("number", [10, 300])
    def test_list_asks_a_fixed_number_of_questions(self, client: PageClient, number: int) -> None:
        scene = make_scene()
        many_waiting(scene, number)
        client.login(scene.centre, PASSWORD)
        db.session.expunge_all()
        with count_queries() as asked:
            client.get("/closure")
        assert len(asked) == 5, str(asked)

    def test_count_stops_where_nobody_cares_any_more(self, client: PageClient) -> None:
        scene = make_scene()
        many_waiting(scene, queries.COUNT_LIMIT + 5)
        client.login(scene.centre, PASSWORD)
        assert "待核验 1000+ 项" in client.get("/closure").text

    @pytest.mark.parametrize(
        "text", ["", "x", "12", "1-2-3", "-1-2", "9" * 18 + "-1", "1-9999999999"]
    )
    def test_nonsense_in_the_address_is_no_mark(self, text: str) -> None:
        assert Mark.read(text) is None

    def test_mark_survives_the_address(self) -> None:
        mark = Mark(clock.now(), 7)
        assert Mark.read(str(mark)) == mark


class TestBulk:
    def test_twenty_are_verified_by_one_submit_and_an_illegal_one_is_named(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        tasks = [confirmed(scene) for _ in range(20)]
        client.login(scene.centre, PASSWORD)
        page = client.get("/closure")
        closure.return_closure(tasks[3], reason="另一位审核员先退回。", actor=scene.other_centre)
        answer = client.submit(page, task=[str(task.id) for task in tasks])
        assert answer.status == 200
        assert "已核验通过 19 项" in answer.text
        assert f"{tasks[3].title}：该任务当前状态为“进行中”，不能核验。" in answer.text
        others = [task for task in tasks if task is not tasks[3]]
        assert set(states(*others)) == {TaskState.CLOSED}
        assert states(tasks[3]) == [TaskState.IN_PROGRESS]

    def test_each_return_keeps_its_own_reason_in_the_same_submit(self, client: PageClient) -> None:
        scene = make_scene()
        tasks = [confirmed(scene) for _ in range(4)]
        client.login(scene.centre, PASSWORD)
        answer = client.submit(
            client.get("/closure"),
            task=[str(task.id) for task in tasks[:3]],
            **{f"reason-{tasks[2].id}": "缺签到表。", f"reason-{tasks[3].id}": "缺公章。"},
        )
        assert (answer.status, answer.location) == (303, "/closure?queue=verify")
        assert "已核验通过 2 项，退回 2 项。" in client.get(answer.location).text
        assert states(*tasks) == [TaskState.CLOSED] * 2 + [TaskState.IN_PROGRESS] * 2
        assert [task.return_reason for task in tasks[2:]] == ["缺签到表。", "缺公章。"]

    def test_button_in_a_row_returns_that_row_alone(self, client: PageClient) -> None:
        scene = make_scene()
        tasks = [closure_requested(scene) for _ in range(3)]
        client.login(scene.supporting_leader, PASSWORD)
        answer = client.submit(
            client.get("/closure"),
            task=[str(tasks[0].id)],
            only=str(tasks[1].id),
            **{f"reason-{tasks[1].id}": "缺签到表。", f"reason-{tasks[2].id}": "缺公章。"},
        )
        assert answer.status == 303
        assert states(*tasks) == [
            TaskState.CLOSURE_REQUESTED,
            TaskState.IN_PROGRESS,
            TaskState.CLOSURE_REQUESTED,
        ]

    def test_leader_confirms_many(self, client: PageClient) -> None:
        scene = make_scene(verification=VerificationPolicy.KEY_AND_SAMPLE)
        scene.programme.sample_percent = 0
        tasks = [closure_requested(scene, weight=weight) for weight in (1, 3)]
        client.login(scene.supporting_leader, PASSWORD)
        client.submit(client.get("/closure"), task=[str(task.id) for task in tasks])
        assert states(*tasks) == [TaskState.CLOSED, TaskState.CONFIRMED]

    def test_nothing_chosen_is_said(self, client: PageClient) -> None:
        scene = make_scene()
        confirmed(scene)
        client.login(scene.centre, PASSWORD)
        answer = client.submit(client.get("/closure"))
        assert "请先勾选任务" in client.get(answer.location).text

    def test_when_nothing_goes_through_nothing_is_kept_but_the_words(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        task = confirmed(scene)
        client.login(scene.centre, PASSWORD)
        page = client.get("/closure")
        closure.verify_closure(task, actor=scene.other_centre)
        answer = client.submit(page, **{f"reason-{task.id}": "我写了很久的理由"})
        assert answer.status == 409
        assert "我写了很久的理由" in answer.text

    def test_overlong_reason_stays_in_its_row(self, client: PageClient) -> None:
        scene = make_scene()
        task = confirmed(scene)
        client.login(scene.centre, PASSWORD)
        answer = client.submit(client.get("/closure"), **{f"reason-{task.id}": "长" * 5001})
        assert answer.status == 409
        assert "最多 5000 个字" in answer.text
        assert answer.one(f"textarea[name=reason-{task.id}]").get_text() == "长" * 5001

    def test_reason_is_kept_without_the_nul_that_no_database_takes(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        task = confirmed(scene)
        client.login(scene.centre, PASSWORD)
        page = client.get("/closure")
        typed = {f"reason-{task.id}": " 缺\0公章 ", "reason-²": "x"}
        assert client.submit(page, **typed).status == 303
        assert task.state is TaskState.IN_PROGRESS
        assert "缺公章" in client.get(f"/tasks/{task.id}").text

    def test_changed_application_is_not_approved_unseen(self, client: PageClient) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        client.login(scene.supporting_leader, PASSWORD)
        page = client.get("/closure")
        closure.request_closure(task, statement="换了说法。", actor=scene.supported_coordinator)
        answer = client.submit(page, task=[str(task.id)])
        assert answer.status == 409
        assert "又有变动" in answer.text

    def test_invisible_tasks_are_counted_not_named(self, client: PageClient) -> None:
        scene = make_scene()
        mine = closure_requested(scene)
        hidden = task_in_progress(scene, pairing=scene.foreign)
        client.login(scene.supporting_leader, PASSWORD)
        answer = client.submit(
            client.get("/closure"), task=[str(mine.id), str(hidden.id), "x", "9" * 30]
        )
        page = client.get(answer.location)
        assert "已确认 1 项" in page.text
        assert "另有 1 项不存在或您无权查看" in page.text
        assert hidden.title not in page.text

    @pytest.mark.parametrize("role", ["commission", "supported_coordinator"])
    def test_others_decide_nothing(self, client: PageClient, role: str) -> None:
        scene = make_scene()
        task = confirmed(scene)
        client.login(getattr(scene, role), PASSWORD)
        assert client.post("/closure/bulk", {"task": str(task.id)}).status == 403
        assert states(task) == [TaskState.CONFIRMED]


def reviewers(scene: Scene) -> list[User]:
    return [scene.centre, scene.supporting_leader]


def test_commission_has_no_queue_in_the_query_either(app: object) -> None:
    scene = make_scene()
    confirmed(scene)
    for queue in Queue:
        assert queries.count_waiting(queue, scene.commission) == 0
    assert [queries.count_waiting(Queue.VERIFY, one) for one in reviewers(scene)] == [1, 0]
