"""Goals and tasks of a plan that is being drawn up, and their immutability afterwards."""

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, NotVisible, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Area,
    Event,
    EvidenceRequirement,
    Plan,
    PlanState,
    ProgressNote,
    Recurrence,
    Role,
    Task,
    TaskState,
)
from portal.policies.task_fields import task_texts
from portal.services import plan_tasks, plans
from portal.services.goals import copy_goals, goals_mark, goals_of, save_goals
from tests.factories import Scene, make_scene, make_user
from tests.factories.plans import agreed_plan, drafting_plan, make_library_task, plan_in_force
from tests.factories.problems import make_problem

Texts = dict[str, str]
ENTRY: Texts = {
    "area": "激励机制",
    "title": "带教补贴发放",
    "criteria": "每季度结束后三十日内发放",
    "evidence": "发放汇总表\n补贴标准文件",
    "weight": "重点",
    "starts_on": "2020-06-01",
    "due_on": "2021-06-30",
}


def replace(entry: Texts, **more: object) -> Texts:
    """The same texts with some others, given as values."""
    lines = {name: value for name, value in more.items() if isinstance(value, tuple)}
    return {
        **entry,
        **{name: str(value) for name, value in more.items()},
        **{name: "\n".join(value) for name, value in lines.items()},
    }


def latest_details() -> list[list[str]]:
    event = db.session.query(Event).filter_by(action="changed").order_by(Event.id.desc()).first()
    assert event is not None
    return list(event.details)


def entry_of(task: Task) -> Texts:
    return {name: text for name, text in task_texts(task).items() if name != "year"}


Change = Callable[[Plan, Scene, str], object]
CHANGES: dict[str, Change] = {
    "add": lambda plan, scene, who: plan_tasks.add_task(plan, ENTRY, actor=getattr(scene, who)),
    "edit": lambda plan, scene, who: plan_tasks.edit_task(
        plan.tasks[0],
        replace(entry_of(plan.tasks[0]), title="改过的任务"),
        seen_version=None,
        actor=getattr(scene, who),
    ),
    "remove": lambda plan, scene, who: plan_tasks.remove_task(
        plan.tasks[0], actor=getattr(scene, who)
    ),
    "owners": lambda plan, scene, who: plan_tasks.set_owners(
        plan,
        None,
        supporting_owner_id=scene.supporting_contributor.id,
        supported_owner_id=None,
        actor=getattr(scene, who),
    ),
    "goals": lambda plan, scene, who: save_goals(
        plan, {(3, Area.FACULTY): "达标"}, seen=None, actor=getattr(scene, who)
    ),
    "pick": lambda plan, scene, who: plans.pick_from_library(
        [plan], [make_library_task("A-77")], actor=getattr(scene, who)
    ),
}


def snapshot(plan: Plan) -> object:
    db.session.expire_all()
    return (
        plan.state,
        sorted((task.code, task.title, task.supporting_owner_id) for task in plan.tasks),
        sorted((goal.year, goal.area, goal.goal) for goal in plan.goals),
        len(plan.endorsements),
    )


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_changed_by_hand_once_in_force(session: Session, change: str) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    before = snapshot(plan)
    with pytest.raises(StepRefused, match="计划调整"):
        CHANGES[change](plan, scene, "supporting_coordinator")
    assert snapshot(plan) == before


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_sends_an_agreed_plan_back(session: Session, change: str) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    version = plan.version
    CHANGES[change](plan, scene, "supported_coordinator")
    db.session.expire_all()
    assert (plan.state, plan.endorsements) == (PlanState.DRAFTING, [])
    assert plan.version > version


@pytest.mark.parametrize(
    "who",
    ["supporting_leader", "supported_contributor", "centre", "commission", "foreign_coordinator"],
)
@pytest.mark.parametrize("change", CHANGES)
def test_nobody_but_coordinators_changes_a_plan(session: Session, change: str, who: str) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    before = snapshot(plan)
    with pytest.raises(Forbidden):
        CHANGES[change](plan, scene, who)
    assert snapshot(plan) == before


def test_own_task_gets_the_next_number_and_its_year(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    entry = replace(ENTRY, supported_owner=scene.supported_contributor.name)
    task = plan_tasks.add_task(plan, entry, actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert (task.number, task.code, task.year) == (6, "C-X06", 2)
    assert task.first_due_on == task.due_on == date(2021, 6, 30)
    assert [one.name for one in task.requirements] == ["发放汇总表", "补贴标准文件"]
    assert task.supported_owner == scene.supported_contributor
    assert (task.pairing_id, task.state) == (scene.pairing_id, TaskState.NOT_STARTED)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"starts_on": date(2020, 5, 21)}, "starts_on"),
        ({"due_on": date(2023, 5, 22)}, "due_on"),
        ({"starts_on": date(2021, 7, 1)}, "due_on"),
        ({"evidence": ()}, "evidence"),
    ],
)
def test_task_that_does_not_fit_the_plan_is_rejected(
    session: Session, wrong: dict[str, object], field: str
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    with pytest.raises(Rejected) as refusal:
        plan_tasks.add_task(
            plan,
            replace(ENTRY, **wrong),
            actor=scene.supporting_coordinator,
        )
    assert list(refusal.value.fields) == [field]
    assert db.session.query(Task).count() == 5


@pytest.mark.parametrize("whom", ["other side", "foreign", "inactive", "expert", "nobody"])
def test_person_in_charge_must_work_at_that_hospital(session: Session, whom: str) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    gone = make_user(Role.CONTRIBUTOR, scene.pairing.supported)
    gone.is_active = False
    db.session.flush()
    ids = {
        "other side": scene.supporting_contributor.id,
        "foreign": scene.foreign_coordinator.id,
        "inactive": gone.id,
        "expert": scene.expert.id,
        "nobody": 987654,
    }
    with pytest.raises(Rejected) as refusal:
        plan_tasks.set_owners(
            plan,
            None,
            supporting_owner_id=None,
            supported_owner_id=ids[whom],
            actor=scene.supported_coordinator,
        )
    assert refusal.value.fields == {"supported_owner": "请从受援方的人员中选择。"}


def test_owners_of_one_area_leave_the_others_and_the_other_side_alone(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    plan.tasks[0].supported_owner = scene.supported_contributor
    db.session.flush()
    changed = plan_tasks.set_owners(
        plan,
        Area.DEPARTMENT,
        supporting_owner_id=scene.supporting_contributor.id,
        supported_owner_id=None,
        actor=scene.supporting_coordinator,
    )
    db.session.expire_all()
    assert changed == 1
    owners = {task.area: task.supporting_owner for task in plan.tasks}
    assert owners.pop(Area.DEPARTMENT) == scene.supporting_contributor
    assert set(owners.values()) == {None}
    assert plan.tasks[0].supported_owner == scene.supported_contributor


def test_setting_the_same_owner_again_changes_nothing(session: Session) -> None:
    scene = make_scene()
    plan = agreed_plan(scene.pairing, scene)
    for task in plan.tasks:
        task.supporting_owner = scene.supporting_contributor
    db.session.flush()
    assert CHANGES["owners"](plan, scene, "supporting_coordinator") == 0
    assert plan.state is PlanState.AGREED


def test_edit_says_what_changed_and_moves_the_first_due_date(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    entry = replace(
        entry_of(task), title="独立建科", weight=3, due_on=date(2021, 8, 1), evidence=("任命文件",)
    )
    plan_tasks.edit_task(task, entry, seen_version=task.version, actor=scene.supported_coordinator)
    assert latest_details() == [
        ["任务名称", "科室建设任务1 → 独立建科"],
        ["权重", "一般 → 核心"],
        ["年度", "第1年 → 第2年"],
        ["完成期限", "2020-11-22 → 2021-08-01"],
        ["佐证材料", "成立文件 → 任命文件"],
    ]
    assert (task.first_due_on, task.year, task.extensions) == (date(2021, 8, 1), 2, 0)


def test_year_of_a_yearly_task_stays_when_its_date_moves(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    standard = make_library_task("A-08", due_months=12, recurrence=Recurrence.YEARLY)
    plans.pick_from_library([plan], [standard], actor=scene.supporting_coordinator)
    task = db.session.query(Task).filter_by(code="A-08-1").one()
    entry = replace(entry_of(task), due_on=date(2021, 6, 30))
    plan_tasks.edit_task(task, entry, seen_version=None, actor=scene.supporting_coordinator)
    assert (task.year, task.due_on) == (1, date(2021, 6, 30))


@pytest.mark.parametrize(
    "names", [("甲",), ("甲", "乙"), ("丙", "乙", "甲"), ("成立文件", "新增")], ids=len
)
def test_required_evidence_can_grow_shrink_and_change_places(
    session: Session, names: tuple[str, ...]
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    for wanted in (("乙", "甲"), names):
        entry = replace(entry_of(task), evidence=wanted)
        plan_tasks.edit_task(task, entry, seen_version=None, actor=scene.supporting_coordinator)
    db.session.expire_all()
    assert [(one.position, one.name) for one in task.requirements] == list(enumerate(names, 1))


def test_editing_only_the_evidence_is_noticed_by_the_other_editor(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    seen = task.version
    first, second = replace(entry_of(task), evidence=("甲",)), replace(entry_of(task), title="乙")
    plan_tasks.edit_task(task, first, seen_version=seen, actor=scene.supporting_coordinator)
    with pytest.raises(StaleEdit):
        plan_tasks.edit_task(task, second, seen_version=seen, actor=scene.supported_coordinator)
    assert task.title != "乙"


def test_removed_task_is_gone_and_noted(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    plan_tasks.remove_task(task, actor=scene.supporting_coordinator)
    assert [one.number for one in plan.tasks] == [2, 3, 4, 5]
    assert latest_details() == [["任务", "A-01 科室建设任务1"]]


def test_task_with_records_is_not_removed(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    note = ProgressNote(
        task_id=task.id,
        author_id=scene.supported_contributor.id,
        at=clock.now(),
        progress=10,
        body="已起草",
    )
    db.session.add(note)
    db.session.flush()
    with pytest.raises(StepRefused, match="办理记录"):
        plan_tasks.remove_task(task, actor=scene.supporting_coordinator)
    assert len(plan.tasks) == 5


def test_editing_a_task_that_was_removed_meanwhile_finds_nothing(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    task = plan.tasks[0]
    entry = entry_of(task)
    # Another request took it away; this one still holds the object it loaded before.
    for table, column in ((EvidenceRequirement, EvidenceRequirement.task_id), (Task, Task.id)):
        db.session.execute(
            sa.delete(table).where(column == task.id),
            execution_options={"synchronize_session": False},
        )
    with pytest.raises(NotVisible):
        plan_tasks.edit_task(task, entry, seen_version=None, actor=scene.supported_coordinator)


def test_goals_are_written_changed_and_cleared(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    goals = {
        (1, Area.DEPARTMENT): "完成独立建科",
        (1, Area.FACULTY): "",
        (3, Area.FACULTY): "",
        (3, Area.TEACHING): "通过评估",
    }
    assert save_goals(plan, goals, seen=goals_mark(plan), actor=scene.supporting_coordinator) == 4
    db.session.expire_all()
    stored = goals_of(plan)
    assert stored[1, Area.DEPARTMENT] == "完成独立建科"
    assert stored[3, Area.TEACHING] == "通过评估"
    assert (1, Area.FACULTY) not in stored
    assert ["第1年 师资队伍建设", "（清空）"] in latest_details()


def test_goals_saved_over_someone_elses_are_stale_but_tasks_do_not_matter(
    session: Session,
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    mark = goals_mark(plan)
    CHANGES["add"](plan, scene, "supported_coordinator")
    save_goals(plan, {(2, Area.FACULTY): "甲"}, seen=mark, actor=scene.supporting_coordinator)
    with pytest.raises(StaleEdit):
        save_goals(plan, {(2, Area.FACULTY): "乙"}, seen=mark, actor=scene.supported_coordinator)
    assert goals_of(plan)[2, Area.FACULTY] == "甲"


def test_copied_goals_fill_only_what_is_empty(session: Session) -> None:
    scene = make_scene()
    source = drafting_plan(scene.pairing, scene)
    target = drafting_plan(scene.foreign, scene, with_tasks=False)
    scene.foreign.supporting = scene.pairing.supporting
    db.session.flush()
    save_goals(
        target, {(1, Area.FACULTY): "自己的目标"}, seen=None, actor=scene.supporting_coordinator
    )
    assert copy_goals(source, [target], actor=scene.supporting_coordinator) == 1
    db.session.expire_all()
    expected = {**goals_of(source), (1, Area.FACULTY): "自己的目标"}
    assert goals_of(target) == expected
    assert copy_goals(source, [target], actor=scene.supporting_coordinator) == 0


def test_problem_remembers_the_task_that_was_taken_off_the_plan(session: Session) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    actor = scene.supporting_coordinator
    problem = make_problem(scene.pairing, actor, tasks=[plan.tasks[0]])
    plan_tasks.remove_task(plan.tasks[0], actor=actor)
    event = db.session.scalars(
        sa.select(Event).where(Event.object_type == "problem", Event.object_id == problem.id)
    ).one()
    assert event.title == "取消与任务的对应"
