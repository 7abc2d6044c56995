"""The plan's rules: who may, from which state, and what a change does to endorsements."""

from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import Area, Plan, PlanState, Side
from portal.services import plans
from tests.factories import make_scene
from tests.factories.plans import agreed_plan, make_library_task, plan_in_force


def test_factories_build_rows_the_database_accepts(session: Session) -> None:
    scene = make_scene()
    assert plan_in_force(scene.pairing, scene).state is PlanState.IN_FORCE
    assert agreed_plan(scene.foreign, scene).state is PlanState.AGREED


def test_both_sides_go_from_nothing_to_a_plan_in_force(session: Session) -> None:
    scene = make_scene()
    plan = plans.start_plan(scene.pairing, actor=scene.supported_coordinator)
    picked = [make_library_task(f"{'ABCDE'[at]}-01", area=area) for at, area in enumerate(Area)]
    assert plans.pick_from_library([plan], picked, actor=scene.supporting_coordinator) == 5
    plans.endorse_plan(plan, actor=scene.supporting_leader)
    assert plan.state is PlanState.DRAFTING
    plans.endorse_plan(plan, actor=scene.supported_leader)
    assert plan.state is PlanState.AGREED
    plans.put_in_force(plan, actor=scene.centre)
    db.session.expire_all()
    stored = db.session.query(Plan).one()
    assert (stored.state, len(stored.tasks)) == (PlanState.IN_FORCE, 5)
    assert {mark.side for mark in stored.endorsements} == set(Side)
