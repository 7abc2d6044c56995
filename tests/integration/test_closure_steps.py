"""Every step of a closure × every role × every state, and what each step leaves behind."""

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.errors import Forbidden, PortalError, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    ClosureRequest,
    ClosureState,
    Event,
    EvidenceStatus,
    PlanState,
    Task,
    TaskState,
    User,
    VerificationPolicy,
)
from portal.services import closure
from portal.workflow.closure import missing_for_closure
from tests.factories import Scene, make_scene
from tests.factories.closures import (
    STATEMENT,
    add_proof,
    closed,
    closure_requested,
    confirmed,
    make_task,
    only_round,
    plan_of,
    reopened,
    returned,
    task_in,
    task_in_progress,
)
from tests.factories.scenes import ONE_OF_EACH

REASON = "请补充签到表。"
ASK = ("supported_coordinator", "supported_leader")
N, P, Q, C, X = (
    TaskState.NOT_STARTED,
    TaskState.IN_PROGRESS,
    TaskState.CLOSURE_REQUESTED,
    TaskState.CONFIRMED,
    TaskState.CLOSED,
)

# Step → who may ever take it → from which state to which.
TABLE: dict[str, dict[str, dict[TaskState, TaskState]]] = {
    "request": {role: {P: Q, Q: Q, C: Q} for role in ASK},
    "confirm": {"supporting_leader": {Q: C}},
    "verify": {"centre": {C: X}},
    "return": {"supporting_leader": {Q: P}, "centre": {C: P}},
    "reopen": {"centre": {X: P}},
    "pass_lookback": {"centre": {X: X}},
}


def take(step: str, task: Task, actor: User, words: str = STATEMENT) -> None:
    """Call the service behind a step of the table."""
    match step:
        case "request":
            closure.request_closure(task, statement=words, actor=actor)
        case "confirm":
            closure.confirm_closure(task, actor=actor)
        case "verify":
            closure.verify_closure(task, actor=actor)
        case "return":
            closure.return_closure(task, reason=words, actor=actor)
        case "reopen":
            closure.reopen_task(task, reason=words, actor=actor)
        case "pass_lookback":
            closure.pass_lookback(task, actor=actor)


def picture(task: Task) -> tuple[object, ...]:
    """Everything a refused step must leave as it was."""
    db.session.flush()
    rounds = db.session.execute(sa.select(ClosureRequest.__table__).order_by("id")).all()
    tasks = db.session.execute(sa.select(Task.__table__).where(Task.id == task.id)).all()
    events = db.session.scalar(sa.select(sa.func.count()).select_from(Event))
    return rounds, tasks, events


@pytest.mark.parametrize("role", ONE_OF_EACH)
@pytest.mark.parametrize("step", TABLE)
def test_role_takes_a_step_only_as_the_table_says(app: Flask, step: str, role: str) -> None:
    scene = make_scene()
    for state in TaskState:
        task = task_in(state, scene)
        before = picture(task)
        moves = TABLE[step].get(role)
        if moves is None:
            with pytest.raises(Forbidden):
                take(step, task, getattr(scene, role))
        elif state not in moves:
            with pytest.raises(StepRefused):
                take(step, task, getattr(scene, role))
        else:
            take(step, task, getattr(scene, role))
            assert task.state is moves[state]
            continue
        assert picture(task) == before


def test_supported_coordinator_may_apply_for_a_task_not_begun_that_has_its_evidence(
    app: Flask,
) -> None:
    scene = make_scene()
    task = make_task(scene)
    for requirement in task.requirements:
        add_proof(scene, task, requirement)
    closure.request_closure(task, statement=STATEMENT, actor=scene.supported_coordinator)
    assert task.state is TaskState.CLOSURE_REQUESTED


def test_application_names_each_thing_missing(app: Flask) -> None:
    scene = make_scene()
    task = task_in_progress(scene, proved=False)
    add_proof(scene, task, task.requirements[0])
    plan_of(scene, state=PlanState.AGREED)
    with pytest.raises(StepRefused) as refusal:
        closure.request_closure(task, statement=STATEMENT, actor=scene.supported_coordinator)
    assert refusal.value.missing == [
        "三年帮扶工作计划双方已商定，须在协议备案、计划执行后才能申请销号",
        "缺少佐证材料：会议记录",
    ]


def test_withdrawn_evidence_proves_nothing(app: Flask) -> None:
    scene = make_scene()
    task = task_in_progress(scene)
    assert missing_for_closure(task) == []
    withdrawn = task.evidence_uses[0].evidence
    withdrawn.status = EvidenceStatus.WITHDRAWN
    withdrawn.withdrawn_at, withdrawn.withdrawn_reason = clock.now(), "传错文件"
    db.session.flush()
    assert missing_for_closure(task) == ["缺少佐证材料：制度文件（“制度文件扫描件”已撤回）"]


def test_task_without_requirements_must_at_least_have_begun(app: Flask) -> None:
    scene = make_scene()
    assert missing_for_closure(make_task(scene, requirements=())) == [
        "任务尚未启动，也没有佐证材料"
    ]
    assert missing_for_closure(task_in_progress(scene, requirements=())) == []


@pytest.mark.parametrize(
    ("state", "step", "role", "field"),
    [
        (P, "request", "supported_leader", "statement"),
        (Q, "return", "supporting_leader", "reason"),
        (C, "return", "centre", "reason"),
        (X, "reopen", "centre", "reopen_reason"),
    ],
)
@pytest.mark.parametrize("text", ["", " \n"])
def test_step_that_needs_words_is_refused_without(
    app: Flask, state: TaskState, step: str, role: str, field: str, text: str
) -> None:
    scene = make_scene()
    task = task_in(state, scene)
    before = picture(task)
    with pytest.raises(Rejected) as refusal:
        take(step, task, getattr(scene, role), text)
    assert list(refusal.value.fields) == [field]
    assert picture(task) == before


def test_application_freezes_the_evidence_and_the_dates(app: Flask) -> None:
    scene = make_scene()
    task = task_in_progress(scene, extensions=1)
    use = task.evidence_uses[0]
    closure.request_closure(task, statement=f" {STATEMENT} ", actor=scene.supported_coordinator)
    use.evidence.title = "后来改过的标题"
    db.session.flush()
    db.session.expire_all()
    request = only_round(task)
    assert (request.statement, request.due_on, request.extensions) == (STATEMENT, task.due_on, 1)
    assert request.evidence[0] == {
        "requirement_id": task.requirements[0].id,
        "requirement": "制度文件",
        "evidence_id": use.evidence_id,
        "title": "制度文件扫描件",
        "evidence_on": "2021-03-01",
        "file_id": use.evidence.file_id,
        "file_name": "佐证.pdf",
        "media_type": "application/pdf",
        "size": 2048,
        "sha256": use.evidence.file.sha256,
    }


def test_verification_closes_the_task_and_signs_the_round(app: Flask) -> None:
    scene = make_scene()
    task = confirmed(scene, progress=80)
    closure.verify_closure(task, comment="材料真实完整。", actor=scene.centre)
    request = only_round(task)
    assert (task.closed_on, task.progress, task.is_returned) == (clock.today(), 100, False)
    assert request.state is ClosureState.CLOSED
    assert request.requested_by is scene.supported_coordinator
    assert request.confirmed_by is scene.supporting_leader
    assert request.decided_by is scene.centre
    assert request.decide_comment == "材料真实完整。"


@pytest.mark.parametrize(
    ("state", "role"), [(Q, "supporting_leader"), (C, "centre")], ids=["leader", "centre"]
)
def test_return_marks_the_task_and_keeps_the_round(app: Flask, state: TaskState, role: str) -> None:
    scene = make_scene()
    task = task_in(state, scene)
    closure.return_closure(task, reason=REASON, actor=getattr(scene, role))
    request = only_round(task)
    assert (task.is_returned, task.return_reason, task.closed_on) == (True, REASON, None)
    assert (request.state, request.return_reason) == (ClosureState.RETURNED, REASON)
    assert request.returned_from == state.value
    assert request.decided_by is getattr(scene, role)


def test_new_application_after_a_return_is_a_new_round(app: Flask) -> None:
    scene = make_scene()
    task = returned(scene)
    closure.request_closure(task, statement="已补齐。", actor=scene.supported_leader)
    assert [(one.round, one.state) for one in task.closure_requests] == [
        (1, ClosureState.RETURNED),
        (2, ClosureState.REQUESTED),
    ]
    assert task.is_returned is False


@pytest.mark.parametrize("state", [Q, C])
def test_new_application_voids_the_one_that_waits(app: Flask, state: TaskState) -> None:
    scene = make_scene()
    task = task_in(state, scene)
    closure.request_closure(task, statement="补充了材料。", actor=scene.supported_coordinator)
    first, second = task.closure_requests
    assert (first.state, first.statement) == (ClosureState.VOIDED, STATEMENT)
    assert (second.state, second.round) == (ClosureState.REQUESTED, 2)
    assert task.state is TaskState.CLOSURE_REQUESTED
    void, _request = db.session.scalars(
        sa.select(Event).where(Event.object_id == task.id).order_by(Event.id.desc()).limit(2)
    ).all()[::-1]
    assert (void.title, void.details) == (
        "重新申请，原申请作废",
        [["作废", f"第 1 轮（{state.label}）"]],
    )


def test_look_back_reopens_without_touching_the_closed_record(app: Flask) -> None:
    scene = make_scene()
    task = closed(scene)
    request = only_round(task)
    kept = ("statement", "evidence", "confirmed_at", "decided_at", "decided_by_id", "due_on")
    before = {name: getattr(request, name) for name in kept}
    closure.reopen_task(task, reason=REASON, actor=scene.other_centre)
    assert {name: getattr(request, name) for name in kept} == before
    assert (request.state, request.reopen_reason) == (ClosureState.REOPENED, REASON)
    assert request.reopened_by is scene.other_centre
    assert (task.state, task.closed_on, task.is_returned) == (TaskState.IN_PROGRESS, None, True)
    assert task.return_reason == REASON


def test_reopened_task_goes_through_a_whole_new_round(app: Flask) -> None:
    scene = make_scene()
    task = reopened(scene)
    closure.request_closure(task, statement="已整改。", actor=scene.supported_coordinator)
    closure.confirm_closure(task, actor=scene.supporting_leader)
    closure.verify_closure(task, actor=scene.centre)
    assert [one.state for one in task.closure_requests] == [
        ClosureState.REOPENED,
        ClosureState.CLOSED,
    ]


def test_passed_look_back_is_recorded_and_changes_nothing_else(app: Flask) -> None:
    scene = make_scene()
    task = closed(scene)
    before = (task.state, task.state_since, task.closed_on, task.version)
    closure.pass_lookback(task, comment="现场核实无误。", actor=scene.centre)
    assert (task.state, task.state_since, task.closed_on, task.version) == before
    event = db.session.scalars(
        sa.select(Event).where(Event.object_type == "task").order_by(Event.id.desc())
    ).first()
    assert event is not None
    assert (event.action, event.comment) == ("pass_lookback", "现场核实无误。")


def test_story_of_a_task_is_told_by_its_events(app: Flask) -> None:
    scene = make_scene()
    task = reopened(scene)
    titles = db.session.scalars(
        sa.select(Event.title)
        .where(Event.object_type == "task", Event.object_id == task.id)
        .order_by(Event.id)
    ).all()
    assert titles == [
        "申请销号",
        "帮扶方确认，报省中心核验",
        "省中心核验通过，销号",
        "回头看不通过，重启任务",
    ]


class TestFourEyes:
    """Nobody judges what they themselves asked for, whatever role they hold by then."""

    def test_leader_who_changed_hospital_cannot_confirm_own_application(self, app: Flask) -> None:
        scene = make_scene()
        task = closure_requested(scene)
        applicant = scene.supported_coordinator
        move(applicant, scene.supporting_leader)
        for act in (closure.confirm_closure, give_back):
            with pytest.raises(Forbidden, match="须由他人审核"):
                act(task, actor=applicant)

    @pytest.mark.parametrize("role", ["supported_coordinator", "supporting_leader"])
    def test_person_who_joined_the_centre_cannot_verify_own_round(
        self, app: Flask, role: str
    ) -> None:
        scene = make_scene()
        task = confirmed(scene)
        person = getattr(scene, role)
        move(person, scene.centre)
        for act in (closure.verify_closure, give_back):
            with pytest.raises(Forbidden, match="须由他人审核"):
                act(task, actor=person)

    @pytest.mark.parametrize(
        "values",
        [
            {"confirmed_by": "supported_coordinator"},
            {"decided_by": "supported_coordinator"},
            {"confirmed_by": "centre", "decided_by": "centre", "needs_centre": True},
        ],
    )
    def test_database_refuses_one_person_in_two_seats(
        self, app: Flask, values: dict[str, object]
    ) -> None:
        scene = make_scene()
        request = only_round(closure_requested(scene))
        for name, value in values.items():
            setattr(request, name, getattr(scene, value) if isinstance(value, str) else value)
        with pytest.raises(sa.exc.IntegrityError, match="four_eyes"), db.session.begin_nested():
            db.session.flush()


def give_back(task: Task, *, actor: User) -> None:
    """Return with a reason."""
    closure.return_closure(task, reason=REASON, actor=actor)


def move(person: User, like: User) -> None:
    """Give a person the seat of another."""
    person.role, person.organisation = like.role, like.organisation
    db.session.flush()


class TestSample:
    """Key tasks always go to the centre; of the rest the programme's share is drawn."""

    def scene(self, percent: int = 20) -> Scene:
        scene = make_scene(verification=VerificationPolicy.KEY_AND_SAMPLE)
        scene.programme.sample_percent = percent
        return scene

    @pytest.mark.parametrize(
        ("percent", "number", "goes_to_centre"),
        [(20, 0, True), (20, 19, True), (20, 20, False), (20, 99, False), (0, 0, False)],
    )
    def test_draw_decides_for_ordinary_tasks(
        self, app: Flask, percent: int, number: int, goes_to_centre: bool
    ) -> None:
        scene = self.scene(percent)
        task = closure_requested(scene, weight=2)
        closure.confirm_closure(task, actor=scene.supporting_leader, draw=lambda _top: number)
        assert only_round(task).needs_centre is goes_to_centre
        assert task.state is (TaskState.CONFIRMED if goes_to_centre else TaskState.CLOSED)
        event = db.session.scalars(
            sa.select(Event).where(Event.object_type == "task").order_by(Event.id.desc())
        ).first()
        assert event is not None
        ((label, words),) = event.details
        assert label == "核验方式"
        assert f"抽签号 {number:02d}" in words
        assert f"抽查比例 {percent}%" in words

    def test_share_of_all_lots_is_the_programmes_percentage(self, app: Flask) -> None:
        scene = self.scene(20)
        tasks = [closure_requested(scene, requirements=()) for _ in range(100)]
        for number, task in enumerate(tasks):
            lot = number
            closure.confirm_closure(task, actor=scene.supporting_leader, draw=lambda _top, n=lot: n)
        assert sum(task.state is TaskState.CONFIRMED for task in tasks) == 20

    def test_closing_without_the_centre_is_signed_by_the_leader(self, app: Flask) -> None:
        scene = self.scene(0)
        task = closure_requested(scene)
        closure.confirm_closure(task, comment="属实。", actor=scene.supporting_leader)
        request = only_round(task)
        assert task.closed_on == clock.today()
        assert (request.state, request.needs_centre) == (ClosureState.CLOSED, False)
        assert request.decided_by is request.confirmed_by is scene.supporting_leader

    @pytest.mark.parametrize(
        ("policy", "weight"),
        [
            (VerificationPolicy.KEY_AND_SAMPLE, 3),
            (VerificationPolicy.ALL, 1),
            (VerificationPolicy.ALL, 3),
        ],
    )
    def test_some_tasks_go_to_the_centre_without_a_draw(
        self, app: Flask, policy: VerificationPolicy, weight: int
    ) -> None:
        scene = make_scene(verification=policy)
        scene.programme.sample_percent = 0
        task = closure_requested(scene, weight=weight)
        closure.confirm_closure(task, actor=scene.supporting_leader, draw=no_draw)
        assert task.state is TaskState.CONFIRMED

    def test_drawn_task_does_not_slip_away_by_a_new_application(self, app: Flask) -> None:
        scene = self.scene(20)
        task = closure_requested(scene)
        closure.confirm_closure(task, actor=scene.supporting_leader, draw=lambda _top: 0)
        closure.request_closure(task, statement="再次申请。", actor=scene.supported_coordinator)
        closure.confirm_closure(task, actor=scene.supporting_leader, draw=no_draw)
        assert task.state is TaskState.CONFIRMED

    def test_reopened_task_goes_to_the_centre(self, app: Flask) -> None:
        scene = self.scene(0)
        task = closure_requested(scene)
        closure.confirm_closure(task, actor=scene.supporting_leader)
        closure.reopen_task(task, reason=REASON, actor=scene.centre)
        closure.request_closure(task, statement="已整改。", actor=scene.supported_coordinator)
        closure.confirm_closure(task, actor=scene.supporting_leader, draw=no_draw)
        assert task.state is TaskState.CONFIRMED

    def test_nobody_without_the_right_makes_a_draw(self, app: Flask) -> None:
        scene = self.scene(20)
        task = closure_requested(scene)
        with pytest.raises(PortalError):
            closure.confirm_closure(task, actor=scene.supporting_coordinator, draw=no_draw)


def no_draw(_top: int) -> int:
    """Stand for a draw that must not happen."""
    raise AssertionError("nothing is to be drawn here")
