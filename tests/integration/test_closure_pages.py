"""The panel's forms, the reviewer's page and the slip, through a real client."""

import io
from typing import Any

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import Event, Evidence, PlanState, Task, TaskState, UploadState, User
from portal.services import closure
from tests.factories import PASSWORD, make_scene
from tests.factories.closures import (
    STATEMENT,
    closed,
    closure_requested,
    confirmed,
    plan_of,
    reopened,
    returned,
    task_in,
    task_in_progress,
)
from tests.factories.evidence import pdf_bytes
from tests.factories.uploads import asking
from tests.support.pages import Page, PageClient, form_values
from tests.support.queries import count_queries

OTHERS_STATUS = {
    "commission": 403,
    "city": 403,
    "supporting_coordinator": 403,
    "supporting_contributor": 404,
    "supported_contributor": 404,
    "foreign_coordinator": 404,
    "foreign_leader": 404,
    "expert": 404,
    "administrator": 404,
    "auditor": 404,
}


def apply_path(task: Task) -> str:
    return f"/tasks/{task.id}/closure"


def apply(client: PageClient, task: Task, **values: Any) -> Page:
    """Press 提交材料并申请销号 on the task's page."""
    form = form_values(client.get(f"/tasks/{task.id}").one("#submit-form"))
    return client.post(apply_path(task), {**form, **values})


def state_of(task: Task) -> TaskState:
    return db.session.scalars(sa.select(Task.state).where(Task.id == task.id)).one()


def login(client: PageClient, user: User) -> None:
    client.logout()
    client.login(user, PASSWORD)


class TestApplying:
    def test_supported_coordinator_applies_with_two_files_and_a_statement_at_once(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        task = task_in_progress(scene, proved=False)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        assert "还差 2 项" in page.text
        files = {
            f"file-{one.id}": (io.BytesIO(pdf_bytes(one.name)), f"{one.name}.pdf")
            for one in task.requirements
        }
        answer = apply(client, task, statement=STATEMENT, **files)
        assert (answer.status, answer.location) == (303, f"/tasks/{task.id}#closure")
        assert state_of(task) is TaskState.CLOSURE_REQUESTED
        assert [item["title"] for item in task.closure_requests[0].evidence] == [
            "制度文件",
            "会议记录",
        ]

    def test_missing_evidence_is_named_and_the_statement_kept(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene, proved=False)
        login(client, scene.supported_leader)
        field = f"file-{task.requirements[0].id}"
        chosen = {field: (io.BytesIO(pdf_bytes()), "制度.pdf")}
        answer = apply(client, task, statement=STATEMENT, **chosen)
        assert answer.status == 409
        assert "缺少佐证材料：会议记录" in answer.text
        assert answer.one("#statement").get_text().strip() == STATEMENT
        assert state_of(task) is TaskState.IN_PROGRESS
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Evidence)) == 0

    @pytest.mark.parametrize("again", [False, True])
    def test_files_that_wait_for_an_answer_stop_the_application(
        self, client: PageClient, again: bool
    ) -> None:
        scene = make_scene()
        task = closure_requested(scene) if again else task_in_progress(scene)
        by = scene.supported_coordinator
        upload = asking(task, by=by) if not again else None
        if upload is None:
            task.state = TaskState.IN_PROGRESS
            upload = asking(task, by=by)
            task.state = TaskState.CLOSURE_REQUESTED
        login(client, by)
        page = client.get(f"/tasks/{task.id}")
        assert "通讯录.txt" in page.one("#uploads-open").get_text()
        form = form_values(page.one("#apply-again form" if again else "#submit-form"))
        answer = client.post(apply_path(task), {**form, "statement": STATEMENT})
        assert answer.status == 409
        assert "还有 1 个文件待您确认，请先在“待处理的上传”中" in answer.text
        assert "通讯录.txt" in answer.one("#uploads-open").get_text()
        assert len(task.closure_requests) == int(again)
        upload.state = UploadState.CANCELLED
        assert client.post(apply_path(task), {**form, "statement": STATEMENT}).status == 303

    def test_gap_names_a_file_that_waits_for_an_answer(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene, proved=False)
        asking(task, by=scene.supported_leader).requirement = task.requirements[0]
        login(client, scene.supported_coordinator)
        gaps = client.get(f"/tasks/{task.id}").texts("#closure .missing li")
        assert gaps == [
            "缺少佐证材料：制度文件（已有文件上传，待上传人确认后才算提交）",
            "缺少佐证材料：会议记录",
        ]

    @pytest.mark.parametrize(
        ("statement", "sentence"),
        [("  ", "请填写完成情况说明"), ("长" * 5001, "最多 5000 个字，现有 5001 个字")],
    )
    def test_bad_statement_is_refused_beside_its_field(
        self, client: PageClient, statement: str, sentence: str
    ) -> None:
        scene = make_scene()
        task = task_in_progress(scene)
        login(client, scene.supported_coordinator)
        answer = apply(client, task, statement=statement)
        assert answer.status == 422
        assert sentence in answer.one("#statement-error").get_text()
        assert statement.strip() in answer.one("#statement").get_text()

    def test_wrong_file_is_refused_beside_its_requirement(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene, proved=False)
        field = f"file-{task.requirements[0].id}"
        login(client, scene.supported_coordinator)
        bad = {field: (io.BytesIO(b"MZ"), "木马.exe")}
        answer = apply(client, task, statement=STATEMENT, **bad)
        assert answer.status == 422
        assert answer.select(f"#{field}-error")
        assert answer.one("#statement").get_text().strip() == STATEMENT

    def test_nothing_is_offered_before_the_plan_is_in_force(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene)
        plan_of(scene, state=PlanState.AGREED)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        assert "双方已商定" in page.text
        assert not page.select("[formaction$=closure]")

    def test_new_application_replaces_the_waiting_one_and_takes_files(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        field = f"file-{task.requirements[0].id}"
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        assert "第 1 轮申请作废" in page.text
        more = {field: (io.BytesIO(pdf_bytes("new")), "签到表.pdf")}
        answer = client.submit(page, "form[action$=closure]", statement="补充签到表。", **more)
        assert answer.status == 303
        states = [(one.round, one.state.value) for one in task.closure_requests]
        assert states == [(1, "voided"), (2, "requested")]
        assert len(task.closure_requests[1].evidence) == 3

    def test_new_application_with_numbers_of_people_needs_a_tick(self, client: PageClient) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        login(client, scene.supported_coordinator)

        def send(**values: Any) -> Page:
            page = client.get(f"/tasks/{task.id}")
            listed = (io.BytesIO("联系电话 13812345678".encode()), "名册.txt")
            said = {"statement": "补充名册。", "file-other": listed, **values}
            return client.submit(page, "form[action$=closure]", **said)

        asked = send()
        assert asked.status == 422
        assert "手机号 1 处（138****5678）" in asked.text
        assert asked.one("#apply-again [name=despite_warning]")
        assert len(task.closure_requests) == 1
        assert send(despite_warning="y").status == 303
        db.session.refresh(task)
        assert len(task.closure_requests) == 2
        assert task.evidence_uses[-1].evidence.file.warned_of == "内容：手机号 1 处"

    def test_refused_replacement_leaves_the_waiting_one_in_place(self, client: PageClient) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        answer = client.submit(page, "form[action$=closure]", statement=" ")
        assert answer.status == 422
        assert answer.select("#apply-again[open] #statement-error")
        (only,) = task.closure_requests
        assert only.state.waits

    def test_double_submit_makes_one_round(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene)
        login(client, scene.supported_coordinator)
        form = form_values(client.get(f"/tasks/{task.id}").one("#submit-form"))
        form["statement"] = STATEMENT
        first, second = (client.post(apply_path(task), form) for _ in range(2))
        assert (first.status, second.status) == (303, 303)
        assert len(task.closure_requests) == 1

    @pytest.mark.parametrize(
        ("role", "status"), [*OTHERS_STATUS.items(), ("centre", 403), ("supporting_leader", 403)]
    )
    def test_others_cannot_apply(self, client: PageClient, role: str, status: int) -> None:
        scene = make_scene()
        task = task_in_progress(scene)
        login(client, getattr(scene, role))
        assert client.post(apply_path(task), {"statement": STATEMENT}).status == status
        assert state_of(task) is TaskState.IN_PROGRESS


# State → who is offered which form on the task's page; everybody else is offered none.
BUTTONS: dict[TaskState, dict[str, str]] = {
    TaskState.NOT_STARTED: {"supported_coordinator": "closure"},
    TaskState.IN_PROGRESS: {"supported_coordinator": "closure"},
    TaskState.CLOSURE_REQUESTED: {
        "supported_coordinator": "closure",
        "supporting_leader": "confirm",
    },
    TaskState.CONFIRMED: {"supported_coordinator": "closure", "centre": "verify"},
    TaskState.CLOSED: {"centre": "look-back"},
}


class TestLastStatement:
    """What was claimed last time is there to amend, not to type again."""

    @pytest.mark.parametrize(
        ("make", "offered"),
        [
            (task_in_progress, ""),
            (returned, STATEMENT),
            (closure_requested, STATEMENT),
            (reopened, ""),
        ],
    )
    def test_form_offers_it_until_the_task_was_closed(
        self, client: PageClient, make: Any, offered: str
    ) -> None:
        scene = make_scene()
        task = make(scene)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        assert page.one("textarea[name=statement]").get_text().strip() == offered


class TestPanel:
    """What each person sees of a task at each stage, on the task's own page."""

    @pytest.mark.parametrize("state", TaskState)
    @pytest.mark.parametrize(
        "role", ["commission", "centre", "city", "supporting_leader", "supported_coordinator"]
    )
    def test_viewer_is_offered_just_their_own_step(
        self, client: PageClient, state: TaskState, role: str
    ) -> None:
        scene = make_scene()
        task = task_in(state, scene)
        login(client, getattr(scene, role))
        page = client.get(f"/tasks/{task.id}")
        targets = [
            str(tag.get("formaction") or tag.get("action"))
            for tag in page.select("main [action], main [formaction]")
        ]
        verbs = {one.rpartition("/")[2] for one in targets if "/closure" in one}
        wanted = BUTTONS.get(state, {}).get(role)
        assert (wanted in verbs) if wanted else not verbs

    def test_panel_says_who_is_waited_for(self, client: PageClient) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        assert "等海口帮扶医院确认" in page.text
        assert page.texts(".step-current .step-label") == ["帮扶方确认"]

    def test_panel_tells_every_round_with_its_evidence(self, client: PageClient) -> None:
        scene = make_scene()
        task = reopened(scene)
        closure.request_closure(task, statement="已整改。", actor=scene.supported_coordinator)
        login(client, scene.commission)
        page = client.get(f"/tasks/{task.id}")
        rounds = page.texts("details.round")
        assert len(rounds) == 2
        assert "已整改" in rounds[0]
        assert "现场查看，制度未执行" in rounds[1]
        file_id = task.closure_requests[0].evidence[0]["file_id"]
        assert page.select(f'details.round a[href="/files/{file_id}"]')

    def test_return_is_shown_on_the_stepper_and_waits_for_the_supported_side(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        task = returned(scene)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}")
        assert page.texts(".step-returned .step-label") == ["帮扶方确认"]
        assert "等文昌受援医院重新提交" in page.text


# Step → the task it needs, who takes it, what they write, and where it leads.
STEPS: dict[str, tuple[Any, str, dict[str, str], TaskState]] = {
    "confirm": (closure_requested, "supporting_leader", {}, TaskState.CONFIRMED),
    "verify": (confirmed, "centre", {}, TaskState.CLOSED),
    "return": (confirmed, "centre", {"reason": "缺签到表。"}, TaskState.IN_PROGRESS),
    "reopen": (closed, "centre", {"reopen_reason": "已停止执行。"}, TaskState.IN_PROGRESS),
    "look-back": (closed, "centre", {"lookback_comment": "属实。"}, TaskState.CLOSED),
}


class TestDeciding:
    @pytest.mark.parametrize("verb", STEPS)
    def test_step_is_taken_from_the_task_page(self, client: PageClient, verb: str) -> None:
        make, role, words, after = STEPS[verb]
        scene = make_scene()
        task = make(scene)
        login(client, getattr(scene, role))
        page = client.get(f"/tasks/{task.id}")
        answer = client.submit(page, f"form[action$={verb}]", **words)
        assert (answer.status, answer.location) == (303, f"/tasks/{task.id}#closure")
        assert state_of(task) is after

    @pytest.mark.parametrize("verb", STEPS)
    @pytest.mark.parametrize("role", OTHERS_STATUS)
    def test_step_is_refused_to_everybody_else(
        self, client: PageClient, verb: str, role: str
    ) -> None:
        make, _role, words, _after = STEPS[verb]
        scene = make_scene()
        task = make(scene)
        before = state_of(task)
        login(client, getattr(scene, role))
        answer = client.post(f"/tasks/{task.id}/closure/{verb}", words)
        assert answer.status == OTHERS_STATUS[role]
        assert state_of(task) is before

    def test_step_taken_on_the_workbench_leads_back_to_it(self, client: PageClient) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        login(client, scene.supporting_leader)
        answer = client.post(
            f"/tasks/{task.id}/closure/confirm",
            headers={"Referer": "http://localhost/?kind=销号待确认"},
        )
        assert answer.location.startswith("/?kind=")

    @pytest.mark.parametrize(
        ("verb", "field"), [("return", "closure-reason"), ("reopen", "closure-reopen-reason")]
    )
    def test_empty_reason_is_refused_beside_its_field(
        self, client: PageClient, verb: str, field: str
    ) -> None:
        make, role, _words, _after = STEPS[verb]
        scene = make_scene()
        task = make(scene)
        login(client, getattr(scene, role))
        answer = client.post(f"/tasks/{task.id}/closure/{verb}", {"reason": " "})
        assert answer.status == 422
        assert answer.one(f"#{field}-error")
        assert answer.select("details.disclose[open] form")

    def test_common_reason_alone_is_enough(self, client: PageClient) -> None:
        scene = make_scene()
        task = confirmed(scene)
        login(client, scene.centre)
        common = "缺少签字、盖章或日期。"
        answer = client.post(
            f"/tasks/{task.id}/closure/return", {"common_reason": common, "reason": ""}
        )
        assert answer.status == 303
        assert task.return_reason == common

    @pytest.mark.parametrize("verb", ["verify", "return"])
    def test_reviewer_who_comes_second_is_told_and_loses_no_text(
        self, client: PageClient, verb: str
    ) -> None:
        scene = make_scene()
        task = confirmed(scene)
        login(client, scene.centre)
        page = client.get(f"/closure/{task.id}")
        closure.verify_closure(task, actor=scene.other_centre)
        field = "reason" if verb == "return" else "comment"
        answer = client.submit(page, f"form[action$={verb}]", **{field: "我写了很久的意见"})
        assert answer.status == 409
        assert "该任务当前状态为“已销号”" in answer.text
        assert "我写了很久的意见" in answer.text
        assert state_of(task) is TaskState.CLOSED

    def test_reviewer_does_not_approve_an_application_they_have_not_seen(
        self, client: PageClient
    ) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        login(client, scene.supporting_leader)
        page = client.get(f"/closure/{task.id}")
        closure.request_closure(task, statement="换了说法。", actor=scene.supported_coordinator)
        answer = client.submit(page, "form[action$=confirm]", comment="同意")
        assert answer.status == 409
        assert "换了说法。" in answer.text
        again = client.submit(answer, "form[action$=confirm]")
        assert again.status == 303


class TestReviewPage:
    @pytest.mark.parametrize("role", OTHERS_STATUS)
    def test_page_is_for_reviewers(self, client: PageClient, role: str) -> None:
        scene = make_scene()
        task = confirmed(scene)
        login(client, getattr(scene, role))
        assert client.get(f"/closure/{task.id}").status == OTHERS_STATUS[role]

    def test_evidence_is_previewed_in_place(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene, requirements=("甲", "乙", "丙"))
        kinds = ["application/pdf", "image/png", "application/zip"]
        for use, kind in zip(task.evidence_uses, kinds, strict=True):
            use.evidence.file.media_type = kind
        closure.request_closure(task, statement=STATEMENT, actor=scene.supported_coordinator)
        login(client, scene.supporting_leader)
        page = client.get(f"/closure/{task.id}")
        ids = [use.evidence.file_id for use in task.evidence_uses]
        assert [tag["src"] for tag in page.select("iframe.preview")] == [
            f"/files/{ids[0]}/preview?framed=1",
            f"/files/{ids[2]}/preview?framed=1",
        ]
        assert [tag["src"] for tag in page.select("img.preview")] == [f"/files/{ids[1]}/picture"]
        assert len(page.select("figure.proof")) == 3
        assert STATEMENT in page.text
        assert task.criteria in page.text

    def test_one_action_verifies_and_opens_the_next_oldest(self, client: PageClient) -> None:
        scene = make_scene()
        tasks = [confirmed(scene) for _ in range(3)]
        login(client, scene.centre)
        page = client.get(f"/closure/{tasks[1].id}")
        assert page.one("[data-key=k]")["href"] == f"/closure/{tasks[0].id}"
        assert page.one("[data-key=j]")["href"] == f"/closure/{tasks[2].id}"
        answers = []
        for _ in range(3):
            answers.append(client.submit(page, "form[action$=verify]"))
            page = client.get(answers[-1].location)
        assert [one.location for one in answers] == [
            f"/closure/{tasks[2].id}",
            f"/closure/{tasks[0].id}",
            "/closure?queue=verify",
        ]
        assert "没有等您审核的销号申请" in page.text
        assert f"{tasks[0].title}：核验通过" in page.text

    def test_return_from_the_page_opens_the_next(self, client: PageClient) -> None:
        scene = make_scene()
        first, second = closure_requested(scene), closure_requested(scene)
        login(client, scene.supporting_leader)
        page = client.get(f"/closure/{first.id}")
        assert page.one("summary[data-key=r]")
        answer = client.submit(page, "form[action$=return]", reason="缺签到表。")
        assert answer.location == f"/closure/{second.id}"

    def test_next_round_shows_what_the_last_return_asked_for(self, client: PageClient) -> None:
        scene = make_scene()
        task = returned(scene)
        closure.request_closure(task, statement="已补。", actor=scene.supported_coordinator)
        login(client, scene.supporting_leader)
        page = client.get(f"/closure/{task.id}")
        assert "会议记录缺少签到表" in page.one(".returned").get_text()

    def test_look_back_walks_through_the_closed_ones(self, client: PageClient) -> None:
        scene = make_scene()
        first, second = closed(scene), closed(scene)
        login(client, scene.centre)
        page = client.get(f"/closure/{first.id}")
        answer = client.submit(page, "form[action$=look-back]")
        assert answer.location == f"/closure/{second.id}"
        answer = client.submit(
            client.get(answer.location), "form[action$=reopen]", reopen_reason="已停止执行。"
        )
        assert answer.location == "/closure?queue=look-back"
        actions = db.session.scalars(
            sa.select(Event.action).order_by(Event.id.desc()).limit(2)
        ).all()
        assert actions == ["reopen_task", "pass_lookback"]

    def test_task_without_an_application_says_what_belongs_here(self, client: PageClient) -> None:
        scene = make_scene()
        task = task_in_progress(scene)
        login(client, scene.centre)
        assert "还没有销号申请" in client.get(f"/closure/{task.id}").text

    def test_page_asks_the_same_however_much_there_is(self, client: PageClient) -> None:
        scene = make_scene()
        many = tuple(f"材料{n}" for n in range(20))
        ids = [confirmed(scene, requirements=names).id for names in (("一",), many)]
        login(client, scene.centre)
        sizes = []
        for task_id in ids:
            with count_queries() as queries:
                client.get(f"/closure/{task_id}")
            queries.at_most(8)
            sizes.append(len(queries))
        assert sizes[0] == sizes[1]


class TestSlip:
    def test_slip_shows_every_signature_and_hash(self, client: PageClient) -> None:
        scene = make_scene()
        task = closed(scene)
        login(client, scene.supported_coordinator)
        page = client.get(f"/tasks/{task.id}/closure/slip")
        assert page.h1 == "销号确认单"
        for person in (scene.supported_coordinator, scene.supporting_leader, scene.centre):
            assert person.name in page.text
        for use in task.evidence_uses:
            assert use.evidence.file.sha256 in page.text

    def test_slip_of_a_reopened_task_says_so(self, client: PageClient) -> None:
        scene = make_scene()
        login(client, scene.centre)
        page = client.get(f"/tasks/{reopened(scene).id}/closure/slip")
        assert "现场查看，制度未执行。" in page.text

    def test_there_is_no_slip_before_closure(self, client: PageClient) -> None:
        scene = make_scene()
        login(client, scene.centre)
        page = client.get(f"/tasks/{confirmed(scene).id}/closure/slip")
        assert page.status == 409
        assert "尚未销号" in page.text

    def test_foreigner_gets_no_slip(self, client: PageClient) -> None:
        scene = make_scene()
        task = closed(scene)
        login(client, scene.foreign_leader)
        assert client.get(f"/tasks/{task.id}/closure/slip").status == 404
