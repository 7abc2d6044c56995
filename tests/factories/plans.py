"""Three-year plans, one builder for each state."""

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    EditionState,
    LibraryEdition,
    LibraryTask,
    Pairing,
    Plan,
    PlanEndorsement,
    PlanState,
    Recurrence,
    Side,
    YearGoal,
)
from tests.factories.scenes import Scene
from tests.factories.tasks import make_task


def drafting_plan(pairing: Pairing, scene: Scene, *, with_tasks: bool = True) -> Plan:
    """Add a plan being drafted; unless told otherwise ready to be endorsed.

    One task for each area, somebody in charge on both sides, goals for every year.
    """
    plan = Plan(
        pairing=pairing,
        state=PlanState.DRAFTING,
        starts_on=pairing.programme.starts_on,
        ends_on=pairing.programme.ends_on,
        created_by_id=scene.supporting_coordinator.id,
        created_at=clock.now(),
        state_since=clock.now(),
    )
    db.session.add(plan)
    db.session.flush()
    if with_tasks:
        for area in Area:
            make_task(plan, area=area, supporting_person="吴某", supported_person="符某")
            plan.goals += [
                YearGoal(year=year, area=area, goal=f"第{year}年完成{area.label}")
                for year in pairing.programme.years
            ]
        db.session.flush()
    return plan


def agreed_plan(pairing: Pairing, scene: Scene) -> Plan:
    """Add a plan that both leaders have endorsed."""
    plan = drafting_plan(pairing, scene)
    endorse(plan, scene, Side.SUPPORTING)
    endorse(plan, scene, Side.SUPPORTED)
    plan.state = PlanState.AGREED
    db.session.flush()
    return plan


def plan_in_force(pairing: Pairing, scene: Scene) -> Plan:
    """Add a plan whose agreement has been filed."""
    plan = agreed_plan(pairing, scene)
    plan.state = PlanState.IN_FORCE
    plan.in_force_at = clock.now()
    db.session.flush()
    return plan


def completed_plan(pairing: Pairing, scene: Scene) -> Plan:
    """Add a plan that the centre has declared completed."""
    plan = plan_in_force(pairing, scene)
    plan.state = PlanState.COMPLETED
    db.session.flush()
    return plan


def endorse(plan: Plan, scene: Scene, side: Side) -> PlanEndorsement:
    """Let one side's leader endorse the plan, without moving its state."""
    leader = scene.supporting_leader if side is Side.SUPPORTING else scene.supported_leader
    mark = PlanEndorsement(side=side, user=leader, name=leader.name, endorsed_at=clock.now())
    plan.endorsements.append(mark)
    db.session.flush()
    return mark


def make_edition(
    edition: str = "测试版", state: EditionState = EditionState.PUBLISHED
) -> LibraryEdition:
    """Add one edition of the library; a published one retires the one before it."""
    if state is EditionState.PUBLISHED:
        for before in db.session.query(LibraryEdition).filter_by(state=state):
            before.state = EditionState.RETIRED
        db.session.flush()
    row = LibraryEdition(
        edition=edition,
        title=f"标准任务库 {edition}",
        state=state,
        created_at=clock.now(),
        published_at=None if state is EditionState.DRAFT else clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def make_library_task(
    code: str,
    *,
    area: Area = Area.DEPARTMENT,
    title: str = "",
    weight: int = 1,
    due_months: int = 6,
    recurrence: Recurrence = Recurrence.ONCE,
    evidence: tuple[str, ...] = ("成立文件",),
    base_kinds: tuple[str, ...] = ("gp_residency", "assistant_gp", "gp_transfer"),
    verified: bool = True,
    position: int = 0,
    edition: str = "测试版",
) -> LibraryTask:
    """Add one standard task, and its edition (the current one) if it is not there."""
    if db.session.query(LibraryEdition).filter_by(edition=edition).first() is None:
        make_edition(edition)
    task = LibraryTask(
        edition=edition,
        code=code,
        position=position,
        area=area,
        title=title or f"标准任务{code}",
        description="按标准完成。",
        criteria="达到标准要求。",
        evidence=list(evidence),
        weight=weight,
        due_months=due_months,
        recurrence=recurrence,
        checks=["document"],
        base_kinds=list(base_kinds),
        basis="通知二（一）",
        verified=verified,
    )
    db.session.add(task)
    db.session.flush()
    return task
