"""The plan's states: who may take which step, from where, and what a change undoes."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    BaseKind,
    Event,
    Pairing,
    Plan,
    PlanState,
    Side,
    Task,
    TaskState,
    TrainingBase,
)
from portal.services import plans
from portal.services.goals import save_goals
from portal.workflow.plans import missing_for_agreement
from tests.factories import Scene, make_scene
from tests.factories.plans import (
    agreed_plan,
    completed_plan,
    drafting_plan,
    endorse,
    make_edition,
    make_library_task,
    plan_in_force,
)
from tests.factories.scenes import ONE_OF_EACH
from tests.factories.tasks import make_task

Build = Callable[[Pairing, Scene], Plan]


def withdraw(plan: Plan, **options: Any) -> Plan:
    return plans.withdraw_endorsement(plan, reason="期限需再议", **options)


def closed_off_plan(pairing: Pairing, scene: Scene) -> Plan:
    """In force, with every task closed: all that completion asks for."""
    plan = plan_in_force(pairing, scene)
    for task in plan.tasks:
        task.state, task.closed_on = TaskState.CLOSED, clock.today()
    db.session.flush()
    return plan


def submitted_agreement(pairing: Pairing, scene: Scene) -> Agreement:
    agreement = Agreement(
        pairing=pairing,
        programme_id=pairing.programme_id,
        state=AgreementState.SUBMITTED,
        created_by_id=scene.supporting_coordinator.id,
        created_at=clock.now(),
        state_since=clock.now(),
        submitted_at=clock.now(),
    )
    db.session.add(agreement)
    db.session.flush()
    return agreement


def titles_of(plan: Plan) -> list[str]:
    rows = db.session.query(Event).filter_by(object_type="plan", object_id=plan.id)
    return [event.title for event in rows.order_by(Event.id)]


def supported_side_endorsed(pairing: Pairing, scene: Scene) -> Plan:
    plan = drafting_plan(pairing, scene)
    endorse(plan, scene, Side.SUPPORTED)
    return plan


STEPS = {
    "endorse": (
        drafting_plan,
        plans.endorse_plan,
        {"supporting_leader", "supported_leader"},
        PlanState.DRAFTING,
    ),
    "withdraw": (
        agreed_plan,
        withdraw,
        {"supporting_leader", "supported_leader"},
        PlanState.DRAFTING,
    ),
    "put_in_force": (
        agreed_plan,
        plans.put_in_force,
        {"centre"},
        PlanState.IN_FORCE,
    ),
    "complete": (
        closed_off_plan,
        plans.complete_plan,
        {"centre"},
        PlanState.COMPLETED,
    ),
}


@pytest.mark.parametrize("who", ONE_OF_EACH)
@pytest.mark.parametrize("step", STEPS)
def test_only_the_named_roles_take_a_step(session: Session, step: str, who: str) -> None:
    build, act, allowed, target = STEPS[step]
    scene = make_scene()
    plan = build(scene.pairing, scene)
    before = plan.state
    if who in allowed:
        act(plan, actor=getattr(scene, who))
        assert plan.state is target
        return
    with pytest.raises(Forbidden):
        act(plan, actor=getattr(scene, who))
    assert plan.state is before
    assert titles_of(plan) == []


@pytest.mark.parametrize("who", ONE_OF_EACH)
def test_only_coordinators_of_the_two_hospitals_start_a_plan(session: Session, who: str) -> None:
    scene = make_scene()
    if who in ("supporting_coordinator", "supported_coordinator"):
        plan = plans.start_plan(scene.pairing, actor=getattr(scene, who))
        assert (plan.starts_on, plan.ends_on) == (date(2020, 5, 22), date(2023, 5, 21))
        assert titles_of(plan) == ["开始制定三年计划"]
        return
    with pytest.raises(Forbidden):
        plans.start_plan(scene.pairing, actor=getattr(scene, who))
    assert db.session.query(Plan).count() == 0


def test_starting_twice_gives_the_one_plan(session: Session) -> None:
    scene = make_scene()
    first = plans.start_plan(scene.pairing, actor=scene.supporting_coordinator)
    assert plans.start_plan(scene.pairing, actor=scene.supported_coordinator) is first
    assert titles_of(first) == ["开始制定三年计划"]


@pytest.mark.parametrize(
    ("build", "act", "who"),
    [
        (agreed_plan, plans.endorse_plan, "supporting_leader"),
        (plan_in_force, plans.endorse_plan, "supported_leader"),
        (completed_plan, plans.endorse_plan, "supported_leader"),
        (drafting_plan, withdraw, "supporting_leader"),
        (plan_in_force, withdraw, "supporting_leader"),
        (drafting_plan, plans.put_in_force, "centre"),
        (plan_in_force, plans.put_in_force, "centre"),
        (drafting_plan, plans.complete_plan, "centre"),
        (agreed_plan, plans.complete_plan, "centre"),
        (plan_in_force, plans.complete_plan, "centre"),
        (completed_plan, plans.complete_plan, "centre"),
    ],
)
def test_illegal_step_is_refused_and_changes_nothing(
    session: Session, build: Build, act: Callable[..., Plan], who: str
) -> None:
    scene = make_scene()
    plan = build(scene.pairing, scene)
    before = (plan.state, len(plan.endorsements), plan.version)
    with pytest.raises(StepRefused):
        act(plan, actor=getattr(scene, who))
    assert (plan.state, len(plan.endorsements), plan.version) == before
    assert titles_of(plan) == []


def test_both_sides_go_from_nothing_to_a_plan_in_force(session: Session) -> None:
    scene = make_scene()
    plan = plans.start_plan(scene.pairing, actor=scene.supported_coordinator)
    picked = [make_library_task(f"{'ABCDE'[at]}-01", area=area) for at, area in enumerate(Area)]
    people = {plan.pairing_id: {Side.SUPPORTING: "吴某", Side.SUPPORTED: "符某"}}
    coordinator = scene.supporting_coordinator
    assert plans.pick_from_library([plan], picked, people=people, actor=coordinator) == 5
    goals = {(year, area): "逐年提高" for year in (1, 2, 3) for area in Area}
    save_goals(plan, goals, seen=None, actor=coordinator)
    plans.endorse_plan(plan, actor=scene.supporting_leader)
    assert plan.state is PlanState.DRAFTING
    plans.endorse_plan(plan, actor=scene.supported_leader)
    assert plan.state is PlanState.AGREED
    plans.put_in_force(plan, actor=scene.centre)
    db.session.expire_all()
    stored = db.session.query(Plan).one()
    assert (stored.state, len(stored.tasks)) == (PlanState.IN_FORCE, 5)
    assert stored.in_force_at is not None
    assert {mark.side: mark.name for mark in stored.endorsements} == {
        Side.SUPPORTING: scene.supporting_leader.name,
        Side.SUPPORTED: scene.supported_leader.name,
    }
    assert titles_of(stored)[-4:] == [
        "帮扶方认可计划",
        "受援方认可计划",
        "双方负责人均已认可，计划商定",
        "协议已备案，计划开始执行",
    ]


def test_leader_cannot_endorse_twice_for_both_sides(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    plans.endorse_plan(plan, actor=scene.supporting_leader)
    with pytest.raises(StepRefused, match="帮扶方已经认可"):
        plans.endorse_plan(plan, actor=scene.supporting_leader)
    assert plan.state is PlanState.DRAFTING


def test_leader_who_saw_an_older_plan_is_told(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    seen = plan.version
    picked = make_library_task("A-09")
    plans.pick_from_library([plan], [picked], actor=scene.supporting_coordinator)
    with pytest.raises(StaleEdit):
        plans.endorse_plan(plan, seen_version=seen, actor=scene.supported_leader)
    assert plan.endorsements == []


def test_withdrawal_keeps_the_other_sides_endorsement(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    plans.withdraw_endorsement(plan, reason="期限需再议", actor=scene.supported_leader)
    db.session.expire_all()
    assert [mark.side for mark in plan.endorsements] == [Side.SUPPORTING]
    assert plan.state is PlanState.DRAFTING
    event = db.session.query(Event).filter_by(action="withdraw").one()
    assert event.comment == "期限需再议"


def test_withdrawal_before_the_other_side_endorsed_is_recorded(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    endorse(plan, scene, Side.SUPPORTED)
    withdraw(plan, actor=scene.supported_leader)
    assert (plan.state, plan.endorsements) == (PlanState.DRAFTING, [])
    assert titles_of(plan) == ["撤回认可"]


@pytest.mark.parametrize("build", [agreed_plan, supported_side_endorsed])
def test_withdrawal_without_a_reason_is_rejected(session: Session, build: Build) -> None:
    scene = make_scene()
    plan = build(scene.pairing, scene)
    before = (plan.state, len(plan.endorsements))
    with pytest.raises(Rejected) as refusal:
        plans.withdraw_endorsement(plan, reason="  ", actor=scene.supported_leader)
    assert set(refusal.value.fields) == {"reason"}
    assert (plan.state, len(plan.endorsements)) == before
    assert titles_of(plan) == []


def test_withdrawal_from_an_older_page_is_refused(session: Session) -> None:
    scene = make_scene()
    plan = supported_side_endorsed(scene.pairing, scene)
    seen = plan.version
    plans.endorse_plan(plan, actor=scene.supporting_leader)
    with pytest.raises(StaleEdit):
        withdraw(plan, seen_version=seen, actor=scene.supported_leader)
    assert plan.state is PlanState.AGREED
    withdraw(plan, seen_version=plan.version, actor=scene.supported_leader)
    assert plan.state is PlanState.DRAFTING


def test_change_to_an_agreed_plan_takes_both_endorsements_away(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    goal = {(2, Area.FACULTY): "骨干师资全部取得证书"}
    save_goals(plan, goal, seen=None, actor=scene.supported_coordinator)
    db.session.expire_all()
    assert (plan.state, plan.endorsements) == (PlanState.DRAFTING, [])
    assert titles_of(plan) == ["修改年度目标", "计划有改动，双方认可作废，重新商议"]


def test_change_takes_a_single_endorsement_away_too(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    endorse(plan, scene, Side.SUPPORTING)
    plans.pick_from_library([plan], [make_library_task("A-09")], actor=scene.supported_coordinator)
    db.session.expire_all()
    assert plan.endorsements == []
    assert "计划有改动，已有的认可作废" in titles_of(plan)


def test_saving_what_stands_there_keeps_the_endorsements(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    same = {(goal.year, goal.area): goal.goal for goal in plan.goals}
    assert save_goals(plan, same, seen=None, actor=scene.supported_coordinator) == 0
    assert (plan.state, len(plan.endorsements)) == (PlanState.AGREED, 2)


def test_submitted_agreement_locks_the_agreed_plan(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    submitted_agreement(scene.pairing, scene)
    with pytest.raises(StepRefused, match="随协议锁定"):
        save_goals(plan, {(1, Area.FACULTY): "改"}, seen=None, actor=scene.supported_coordinator)
    with pytest.raises(StepRefused, match="随协议锁定"):
        withdraw(plan, actor=scene.supported_leader)
    plans.put_in_force(plan, actor=scene.centre)
    assert plan.state is PlanState.IN_FORCE


NAMES = {"supporting_person": "吴某", "supported_person": "符某"}


def without_person(plan: Plan) -> None:
    plan.tasks[0].supporting_person = plan.tasks[3].supporting_person = ""


def with_account_instead(plan: Plan) -> None:
    plan.tasks[0].supporting_person, plan.tasks[0].supporting_owner_id = "", plan.created_by_id


def without_second_year(plan: Plan) -> None:
    plan.goals = [goal for goal in plan.goals if goal.year != 2]


def with_an_empty_year(plan: Plan) -> None:
    for goal in plan.goals:
        goal.goal = " " if goal.year == 3 else goal.goal


def without_evidence(plan: Plan) -> None:
    plan.tasks[1].requirements.clear()


def without_all_to_close_it(plan: Plan) -> None:
    plan.tasks[1].criteria = " "
    plan.tasks[1].requirements.clear()


def begun_too_early(plan: Plan) -> None:
    plan.tasks[4].starts_on = date(2020, 5, 21)


def due_too_late(plan: Plan) -> None:
    plan.tasks[4].due_on = date(2023, 5, 22)


GAPS: dict[str, tuple[Callable[[Plan], None], list[str]]] = {
    "nothing": (lambda plan: None, []),
    "person": (without_person, ["海口帮扶医院（帮扶方）还有 2 项任务没有责任人"]),
    "account": (with_account_instead, []),
    "goals": (without_second_year, ["第2年还没有目标"]),
    "blank goals": (with_an_empty_year, ["第3年还没有目标"]),
    "evidence": (without_evidence, ["B-02 管理制度任务2没有写佐证材料"]),
    "content": (without_all_to_close_it, ["B-02 管理制度任务2没有写验收标准和佐证材料"]),
    "start": (begun_too_early, ["E-05 师资队伍任务5的期限不在计划期内"]),
    "end": (due_too_late, ["E-05 师资队伍任务5的期限不在计划期内"]),
}


@pytest.mark.parametrize("gap", GAPS)
def test_missing_for_agreement_names_the_gap(session: Session, gap: str) -> None:
    make, expected = GAPS[gap]
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    make(plan)
    db.session.flush()
    db.session.expire_all()
    assert missing_for_agreement(plan) == expected
    if not expected:
        plans.endorse_plan(plan, actor=scene.supporting_leader)
        return
    with pytest.raises(StepRefused) as refusal:
        plans.endorse_plan(plan, actor=scene.supporting_leader)
    assert refusal.value.missing == expected
    assert plan.endorsements == []


def test_missing_for_agreement_names_the_areas_without_a_task(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene, with_tasks=False)
    assert missing_for_agreement(plan) == ["任务清单还是空的，请先从标准任务库选取任务"]
    make_task(plan, area=Area.DEPARTMENT, **NAMES)
    make_task(plan, area=Area.FACULTY, **NAMES)
    db.session.expire_all()
    assert missing_for_agreement(plan)[:3] == [
        "“管理体系和培训制度建设”还没有任务",
        "“激励机制”还没有任务",
        "“规范培训教学活动”还没有任务",
    ]


@pytest.mark.parametrize(
    ("standard", "is_missing"),
    [
        ({"weight": 3}, True),
        ({"weight": 2}, False),
        ({"weight": 3, "base_kinds": ("gp_residency",)}, False),
        ({"weight": 3, "base_kinds": ("gp_residency", "gp_transfer")}, True),
        ({"weight": 3, "base_kinds": ()}, True),
    ],
)
def test_only_core_tasks_that_fit_the_base_are_demanded(
    session: Session, standard: dict[str, Any], is_missing: bool
) -> None:
    scene = make_scene()
    hospital = scene.pairing.supported
    hospital.bases = [TrainingBase(kind=BaseKind.GP_TRANSFER)]
    plan = drafting_plan(scene.pairing, scene)
    make_library_task("B-05", title="七类制度", **standard)
    db.session.expire_all()
    said = ["核心任务 B-05 七类制度未列入，也没有已达标的佐证"]
    assert missing_for_agreement(plan) == (said if is_missing else [])


def test_core_task_of_an_older_edition_still_answers_the_current_one(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    older = make_library_task("B-05", weight=3, edition="2020")
    plan.tasks[1].library_task_id = older.id
    make_edition("2023")
    make_library_task("B-05", weight=3, edition="2023")
    make_library_task("C-01", weight=3, title="绩效方案", edition="2023")
    db.session.expire_all()
    assert missing_for_agreement(plan) == ["核心任务 C-01 绩效方案未列入，也没有已达标的佐证"]


def test_every_area_has_a_goal_in_every_year(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    kept = {(1, Area.MANAGEMENT), (2, Area.MANAGEMENT)}
    plan.goals = [one for one in plan.goals if one.year == 1 or (one.year, one.area) in kept]
    plan.goals.remove(plan.goals[0])
    db.session.flush()
    assert missing_for_agreement(plan) == [
        "第1年“全科医学科建设”还没有目标",
        *(f"第2年“{area.label}”还没有目标" for area in Area if area is not Area.MANAGEMENT),
        "第3年还没有目标",
    ]


def resolve(scene: Scene, who: str, **more: object) -> Task:
    entry = {
        "title": "补齐全科病房排班",
        "criteria": "排班表连续三个月由本科室人员承担",
        "area": Area.DEPARTMENT,
        "due_on": date(2021, 9, 30),
        "evidence": ["排班表", "考勤记录"],
        "weight": 2,
        **more,
    }
    return plans.add_resolution_task(scene.pairing, actor=getattr(scene, who), **entry)  # type: ignore[arg-type]


@pytest.mark.parametrize("build", [drafting_plan, plan_in_force])
def test_resolution_becomes_the_next_task(session: Session, build: Build) -> None:
    scene = make_scene()
    plan = build(scene.pairing, scene)
    state = plan.state
    task = resolve(scene, "supporting_leader")
    db.session.expire_all()
    assert (task.number, task.code, task.year, task.weight) == (6, "A-H06", 2, 2)
    assert [one.name for one in task.requirements] == ["排班表", "考勤记录"]
    assert (task.first_due_on, task.starts_on <= task.due_on) == (date(2021, 9, 30), True)
    assert (plan.state, len(plan.tasks)) == (state, 6)
    assert len(plan.endorsements) == (2 if state is PlanState.IN_FORCE else 0)
    assert titles_of(plan) == ["议定事项列为任务"]


@pytest.mark.parametrize("build", [agreed_plan, completed_plan])
def test_resolution_is_refused_while_the_plan_waits_or_is_over(
    session: Session, build: Build
) -> None:
    scene = make_scene()
    build(scene.pairing, scene)
    with pytest.raises(StepRefused, match="只有商议中或执行中"):
        resolve(scene, "supporting_leader")
    assert db.session.query(Task).count() == 5


def test_resolution_without_a_plan_says_what_to_do_first(session: Session) -> None:
    scene = make_scene()
    with pytest.raises(StepRefused, match="请先制定计划"):
        resolve(scene, "supporting_coordinator")


def test_resolution_due_after_the_plan_is_rejected(session: Session) -> None:
    scene = make_scene()
    plan_in_force(scene.pairing, scene)
    with pytest.raises(Rejected) as refusal:
        resolve(scene, "supported_coordinator", due_on=date(2023, 5, 22))
    assert refusal.value.fields == {"due_on": "完成期限应在计划期内。"}


@pytest.mark.parametrize("who", ["centre", "commission", "supported_contributor", "foreign_leader"])
def test_outsiders_cannot_add_a_resolution_task(session: Session, who: str) -> None:
    scene = make_scene()
    plan_in_force(scene.pairing, scene)
    with pytest.raises(Forbidden):
        resolve(scene, who)
