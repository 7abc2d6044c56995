"""Amendments by their rules: who takes which step from where, and what it leaves."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    AmendmentState,
    ChangeKind,
    Event,
    ExtensionState,
    MetTarget,
    Plan,
    PlanAmendment,
    PlanVersion,
    Task,
    TaskState,
    User,
)
from portal.services import amendment_decisions as decisions
from portal.services import amendment_drafts as drafts
from portal.services import closure
from tests.factories import Scene, make_scene
from tests.factories import amendments as made
from tests.factories.closures import task_in_progress
from tests.factories.evidence import evidence_in
from tests.factories.extensions import running_scene, waiting_extension
from tests.factories.plans import agreed_plan, make_library_task, plan_in_force
from tests.factories.tasks import make_task

EVERYONE = (
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
)
COORDINATORS = {"supporting_coordinator", "supported_coordinator"}
LEADERS = {"supporting_leader", "supported_leader"}

Step = Callable[[PlanAmendment, User], None]


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def save(amendment: PlanAmendment, who: User) -> None:
    drafts.save_reason(amendment, reason="另有理由。", resolution_id=None, actor=who)


STEPS: dict[str, tuple[Step, set[str], set[str]]] = {
    # step, who may, from which states
    "save_reason": (save, COORDINATORS, {"drafting", "proposed", "agreed"}),
    "propose": (
        lambda one, who: decisions.propose_amendment(one, actor=who),
        COORDINATORS,
        {"drafting"},
    ),
    "consent": (
        lambda one, who: decisions.consent_to_amendment(one, actor=who),
        LEADERS,
        {"proposed"},
    ),
    "decline": (
        lambda one, who: decisions.decline_amendment(one, reason="请核实。", actor=who),
        LEADERS,
        {"proposed"},
    ),
    "return": (
        lambda one, who: decisions.return_amendment(one, reason="请核实。", actor=who),
        {"centre"},
        {"agreed"},
    ),
    "approve": (
        lambda one, who: decisions.approve_amendment(one, actor=who),
        {"centre"},
        {"agreed"},
    ),
    "withdraw": (
        lambda one, who: decisions.withdraw_amendment(one, actor=who),
        COORDINATORS,
        {"drafting", "proposed", "agreed"},
    ),
}


@pytest.mark.parametrize("who", EVERYONE)
@pytest.mark.parametrize("name", STEPS)
def test_role_takes_a_step_only_as_the_table_says(scene: Scene, name: str, who: str) -> None:
    step, allowed, sources = STEPS[name]
    amendment = made.STAGES[min(sources)](scene)
    before = amendment.state
    if who in allowed:
        step(amendment, getattr(scene, who))
    else:
        with pytest.raises(Forbidden):
            step(amendment, getattr(scene, who))
        assert amendment.state is before


@pytest.mark.parametrize("stage", made.STAGES)
@pytest.mark.parametrize("name", STEPS)
def test_step_is_taken_only_from_the_states_in_the_table(
    scene: Scene, name: str, stage: str
) -> None:
    step, allowed, sources = STEPS[name]
    amendment = made.STAGES[stage](scene)
    who = getattr(scene, min(allowed))
    if stage in sources:
        step(amendment, who)
    else:
        before = amendment.state
        with pytest.raises(StepRefused):
            step(amendment, who)
        assert amendment.state is before


@pytest.mark.parametrize("who", EVERYONE)
def test_coordinators_of_both_sides_start_one(scene: Scene, who: str) -> None:
    plan = plan_in_force(scene.pairing, scene)
    if who in COORDINATORS:
        assert drafts.start_amendment(plan, actor=getattr(scene, who)).number == 1
    else:
        with pytest.raises(Forbidden):
            drafts.start_amendment(plan, actor=getattr(scene, who))


def test_a_plan_not_in_force_is_not_amended(scene: Scene) -> None:
    plan = agreed_plan(scene.pairing, scene)
    with pytest.raises(StepRefused, match="执行中"):
        drafts.start_amendment(plan, actor=scene.supporting_coordinator)


def test_the_open_amendment_is_gone_on_with(scene: Scene) -> None:
    first = made.started(scene)
    again = drafts.start_amendment(first.plan, actor=scene.supporting_coordinator)
    assert again is first
    decisions.withdraw_amendment(first, actor=scene.supporting_coordinator)
    assert drafts.start_amendment(first.plan, actor=scene.supporting_coordinator).number == 2


def test_the_first_amendment_keeps_the_plan_as_it_stood(scene: Scene) -> None:
    made.started(scene)
    version = db.session.scalars(sa.select(PlanVersion)).one()
    assert (version.number, version.title) == (1, "首次调整之前")


def test_both_sides_consent_then_it_lies_with_the_centre(scene: Scene) -> None:
    amendment = made.proposed(scene)
    decisions.consent_to_amendment(amendment, actor=scene.supported_leader)
    assert amendment.state is AmendmentState.PROPOSED
    with pytest.raises(StepRefused, match="已经同意"):
        decisions.consent_to_amendment(amendment, actor=scene.supported_leader)
    decisions.consent_to_amendment(amendment, actor=scene.supporting_leader)
    assert amendment.state is AmendmentState.AGREED


@pytest.mark.parametrize("stage", ["proposed", "agreed"])
def test_a_change_takes_both_consents_away(scene: Scene, stage: str) -> None:
    amendment = made.proposed(scene)
    decisions.consent_to_amendment(amendment, actor=scene.supported_leader)
    if stage == "agreed":
        decisions.consent_to_amendment(amendment, actor=scene.supporting_leader)
    task = made.task_of(scene)
    texts = made.texts_of(task, title="改个名称")
    drafts.change_task(amendment, task, texts, actor=scene.supporting_coordinator)
    assert amendment.state is AmendmentState.DRAFTING
    assert amendment.endorsements == []


def test_a_return_takes_the_consents_and_says_why(scene: Scene) -> None:
    amendment = made.agreed(scene)
    with pytest.raises(Rejected):
        decisions.return_amendment(amendment, reason=" ", actor=scene.centre)
    decisions.return_amendment(amendment, reason="决议未附。", actor=scene.centre)
    assert (amendment.state, amendment.return_reason) == (AmendmentState.DRAFTING, "决议未附。")
    assert amendment.endorsements == []
    decisions.propose_amendment(amendment, actor=scene.supported_coordinator)
    assert amendment.return_reason == ""


def test_who_saw_an_older_page_consents_to_nothing(scene: Scene) -> None:
    amendment = made.proposed(scene)
    with pytest.raises(StaleEdit):
        decisions.consent_to_amendment(
            amendment, seen_version=amendment.version - 1, actor=scene.supported_leader
        )


@pytest.mark.parametrize("kind", [ChangeKind.SUSPEND, ChangeKind.CANCEL])
def test_suspension_and_cancellation_need_a_resolution(scene: Scene, kind: ChangeKind) -> None:
    amendment = made.started(scene)
    actor = scene.supported_coordinator
    drafts.save_reason(amendment, reason=made.WHY, resolution_id=None, actor=actor)
    drafts.rest_tasks(amendment, kind, [made.task_of(scene)], actor=actor)
    with pytest.raises(StepRefused) as refusal:
        decisions.propose_amendment(amendment, actor=actor)
    assert any("决议" in gap for gap in refusal.value.missing)
    chosen = made.resolution_of(scene).id
    drafts.save_reason(amendment, reason=made.WHY, resolution_id=chosen, actor=actor)
    decisions.propose_amendment(amendment, actor=actor)
    assert amendment.resolution_id == chosen


def test_a_resolution_of_elsewhere_or_of_open_minutes_is_refused(scene: Scene) -> None:
    amendment = made.started(scene)
    row = made.resolution_of(scene)
    row.meeting.pairing = scene.foreign
    db.session.flush()
    with pytest.raises(Rejected, match="已批准会议纪要"):
        drafts.save_reason(
            amendment, reason=made.WHY, resolution_id=row.id, actor=scene.supported_coordinator
        )


def test_an_empty_amendment_is_not_proposed(scene: Scene) -> None:
    amendment = made.started(scene)
    with pytest.raises(StepRefused) as refusal:
        decisions.propose_amendment(amendment, actor=scene.supported_coordinator)
    assert refusal.value.missing == ["填写调整理由", "至少写一项调整内容"]


def test_approval_changes_the_task_and_tells_its_history(scene: Scene) -> None:
    task = make_task(
        plan_in_force(scene.pairing, scene), state=TaskState.IN_PROGRESS, evidence=("甲", "乙")
    )
    due = task.due_on
    amendment = made.drafted(
        scene,
        task,
        title="新的名称",
        weight="核心",
        evidence="甲\n乙\n丙",
        milestones="2020-08-01 完成选址",
        starts_on="2020-06-01",
        year="第2年",
    )
    made.agreed(scene, amendment)
    assert task.title != "新的名称"
    decisions.approve_amendment(amendment, comment="同意。", actor=scene.centre)
    assert (task.title, task.weight, task.year, task.due_on) == ("新的名称", 3, 2, due)
    assert [one.name for one in task.requirements] == ["甲", "乙", "丙"]
    assert [one.title for one in task.milestones] == ["完成选址"]
    assert (amendment.approved_by, amendment.approve_comment) == (scene.centre, "同意。")
    event = db.session.scalars(sa.select(Event).where(Event.action == "amended")).first()
    assert event is not None
    assert ["权重", "一般 → 核心"] in event.details


def test_approval_adds_a_task_with_all_that_was_said(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    amendment = made.started(scene)
    actor = scene.supporting_coordinator
    drafts.save_reason(amendment, reason=made.WHY, resolution_id=None, actor=actor)
    drafts.add_task(amendment, made.new_texts(), actor=actor)
    number = db.session.query(Task).filter_by(plan_id=plan.id).count()
    made.approved(scene, amendment)
    task = db.session.scalars(sa.select(Task).where(Task.title == "带教补贴按月发放")).one()
    assert db.session.query(Task).filter_by(plan_id=plan.id).count() == number + 1
    assert (task.state, task.weight, task.year) == (TaskState.NOT_STARTED, 1, 2)
    assert str(task.due_on) == str(task.first_due_on) == "2021-12-31"
    assert task.measures == "双方共同制定办法。"
    assert [one.title for one in task.milestones] == ["完成起草"]
    assert amendment.changes[0].task is task


MOVES = [
    (ChangeKind.SUSPEND, TaskState.NOT_STARTED, TaskState.SUSPENDED),
    (ChangeKind.SUSPEND, TaskState.IN_PROGRESS, TaskState.SUSPENDED),
    (ChangeKind.CANCEL, TaskState.IN_PROGRESS, TaskState.CANCELLED),
    (ChangeKind.CANCEL, TaskState.SUSPENDED, TaskState.CANCELLED),
    (ChangeKind.RESUME, TaskState.SUSPENDED, TaskState.IN_PROGRESS),
]


@pytest.mark.parametrize(("kind", "before", "after"), MOVES)
def test_approval_moves_the_task(
    scene: Scene, kind: ChangeKind, before: TaskState, after: TaskState
) -> None:
    task = made.task_of(scene, before)
    made.approved(scene, made.resting(scene, kind, task))
    assert task.state is after
    assert (task.cancelled_on is not None) is (after is TaskState.CANCELLED)
    assert task.suspended_from == (before.value if after is TaskState.SUSPENDED else None)


def test_a_task_suspended_before_it_began_goes_back_to_that(scene: Scene) -> None:
    task = made.task_of(scene, TaskState.NOT_STARTED)
    made.approved(scene, made.resting(scene, ChangeKind.SUSPEND, task))
    made.approved(scene, made.resting(scene, ChangeKind.RESUME, task))
    assert task.state is TaskState.NOT_STARTED


@pytest.mark.parametrize(
    "state", [TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED, TaskState.CLOSED]
)
@pytest.mark.parametrize("kind", [ChangeKind.SUSPEND, ChangeKind.CANCEL, ChangeKind.RESUME])
def test_what_is_under_review_or_closed_is_left_alone(
    scene: Scene, state: TaskState, kind: ChangeKind
) -> None:
    amendment = made.started(scene)
    task = made.task_of(scene, state)
    with pytest.raises(StepRefused, match=state.label):
        drafts.rest_tasks(amendment, kind, [task], actor=scene.supported_coordinator)


def test_a_waiting_extension_lapses_with_the_task(session: Any) -> None:
    scene = running_scene()
    task = made.task_of(scene)
    asked = waiting_extension(task, by=scene.supported_coordinator)
    made.approved(scene, made.resting(scene, ChangeKind.CANCEL, task))
    assert asked.state is ExtensionState.WITHDRAWN


def test_a_task_changed_since_keeps_the_approval_from_happening(scene: Scene) -> None:
    task, other = made.task_of(scene), made.task_of(scene)
    amendment = made.drafted(scene, task)
    texts = made.texts_of(other, title="另一项新名称")
    drafts.change_task(amendment, other, texts, actor=scene.supported_coordinator)
    made.agreed(scene, amendment)
    task.criteria = "别人改过的标准。"
    db.session.flush()
    with pytest.raises(StepRefused) as refusal:
        decisions.approve_amendment(amendment, actor=scene.centre)
    assert refusal.value.missing == [f"{task.code} {task.title}的“验收标准”在起草后已有变动"]
    assert amendment.state is AmendmentState.AGREED
    assert other.title != "另一项新名称"
    assert db.session.query(PlanVersion).count() == 1


def test_a_task_applied_for_since_keeps_the_approval_from_happening(scene: Scene) -> None:
    task = task_in_progress(scene)
    amendment = made.agreed(scene, made.drafted(scene, task))
    closure.request_closure(task, statement="已完成。", actor=scene.supported_coordinator)
    with pytest.raises(StepRefused) as refusal:
        decisions.approve_amendment(amendment, actor=scene.centre)
    assert any("待帮扶方确认" in gap for gap in refusal.value.missing)


def test_an_approval_that_fails_half_way_leaves_nothing(scene: Scene) -> None:
    first, second = made.task_of(scene), task_in_progress(scene)
    amendment = made.drafted(scene, first, title="先改的一项")
    kept = second.requirements[0].name
    texts = made.texts_of(second, evidence=kept)
    drafts.change_task(amendment, second, texts, actor=scene.supported_coordinator)
    made.agreed(scene, amendment)
    with pytest.raises(StepRefused, match="已有佐证材料"):
        decisions.approve_amendment(amendment, actor=scene.centre)
    db.session.expire_all()
    assert amendment.state is AmendmentState.AGREED
    assert first.title != "先改的一项"
    assert db.session.query(PlanVersion).count() == 1


def test_each_approval_keeps_a_version(scene: Scene) -> None:
    task = made.task_of(scene)
    made.approved(scene, made.drafted(scene, task, title="一"))
    amendment = made.approved(scene, made.drafted(scene, task, title="二"))
    versions = db.session.scalars(sa.select(PlanVersion).order_by(PlanVersion.number)).all()
    assert [one.number for one in versions] == [1, 2, 3]
    titles = [
        next(item["title"] for item in one.content["tasks"] if item["number"] == task.number)
        for one in versions
    ]
    assert titles[1:] == ["一", "二"]
    assert versions[-1].amendment is amendment
    assert db.session.scalars(sa.select(Plan)).one().id == amendment.plan_id


def test_a_line_written_again_replaces_the_first_and_nothing_different_removes_it(
    scene: Scene,
) -> None:
    task = made.task_of(scene)
    amendment = made.drafted(scene, task, title="一")
    actor = scene.supported_coordinator
    drafts.change_task(amendment, task, made.texts_of(task, title="二"), actor=actor)
    (line,) = amendment.changes
    assert (line.before, line.after) == ({"title": task.title}, {"title": "二"})
    assert drafts.change_task(amendment, task, made.texts_of(task), actor=actor) is None
    assert amendment.changes == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"weight": "很重要"}, "weight"),
        ({"starts_on": "2019-01-01"}, "starts_on"),
        ({"starts_on": "2021-01-01"}, "due_on"),
        ({"evidence": ""}, "evidence"),
        ({"milestones": "没有日期的一步"}, "milestones"),
        ({"year": ""}, "year"),
    ],
)
def test_what_a_task_cannot_say_is_refused_by_its_field(
    scene: Scene, changed: dict[str, str], field: str
) -> None:
    task = made.task_of(scene)
    amendment = made.started(scene)
    texts = made.texts_of(task, **changed)
    with pytest.raises(Rejected) as refusal:
        drafts.change_task(amendment, task, texts, actor=scene.supported_coordinator)
    assert set(refusal.value.fields) & {field, "starts_on"}
    assert amendment.changes == []


def test_what_is_written_into_an_amendment_is_in_its_history(scene: Scene) -> None:
    task = made.task_of(scene)
    amendment = made.drafted(scene, task, title="新的名称")
    drafts.remove_line(amendment.changes[0], actor=scene.supporting_coordinator)
    events = db.session.scalars(sa.select(Event).where(Event.action == "edited")).all()
    assert [event.details[0][0] for event in events] == ["调整理由", "修改任务", "移除"]


def test_standard_tasks_come_with_their_milestones_and_not_once_met(scene: Scene) -> None:
    plan = plan_in_force(scene.pairing, scene)
    standard = make_library_task("B-77")
    standard.milestones = [["起草", 1]]
    met = make_library_task("B-78")
    plan.met_targets.append(
        MetTarget(
            library_task=met,
            statement="已达标。",
            met_on=plan.starts_on,
            evidence=evidence_in(scene.pairing, by=scene.supported_coordinator),
            added_by=scene.supported_coordinator,
            added_at=plan.created_at,
        )
    )
    db.session.flush()
    amendment = made.started(scene)
    actor = scene.supported_coordinator
    assert drafts.add_from_library(amendment, [standard, met], starts_on=None, actor=actor) == 1
    assert amendment.changes[0].after["milestones"].endswith("起草")
