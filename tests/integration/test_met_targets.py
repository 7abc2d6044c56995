"""Core tasks left out because their target is met, and the proof that then stays."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Area, Evidence, LibraryTask, MetTarget, Plan, PlanState
from portal.queries.evidence import get_evidence
from portal.services.evidence_changes import withdraw_evidence
from portal.services.met_targets import MetEntry, add_met_target, withdraw_met_target
from portal.workflow.plans import missing_for_agreement
from tests.factories import PASSWORD, Scene, make_pairing, make_scene
from tests.factories.evidence import evidence_in, withdrawn
from tests.factories.needs import survey_with
from tests.factories.plans import agreed_plan, drafting_plan, make_library_task, plan_in_force
from tests.factories.scenes import make_programme
from tests.factories.targets import make_met_target
from tests.support.pages import PageClient

GAP = "核心任务 B-05 七类制度未列入，也没有已达标的佐证"


def core() -> LibraryTask:
    return make_library_task("B-05", area=Area.MANAGEMENT, weight=3, title="七类制度")


def proof(scene: Scene) -> Evidence:
    return evidence_in(scene.pairing, by=scene.supported_coordinator, name="制度汇编.pdf")


def entry(**more: object) -> MetEntry:
    return MetEntry(**{"statement": "七类制度均已印发", "met_on": date(2020, 3, 31), **more})  # type: ignore[arg-type]


def test_target_that_is_met_closes_the_gap_and_opens_it_again(session: Session) -> None:
    scene = make_scene()
    standard = core()
    plan = drafting_plan(scene.pairing, scene)
    assert missing_for_agreement(plan) == [GAP]
    target = add_met_target(
        plan, standard, entry(evidence=proof(scene)), actor=scene.supported_coordinator
    )
    assert missing_for_agreement(plan) == []
    withdraw_met_target(target, actor=scene.supporting_coordinator)
    assert missing_for_agreement(plan) == [GAP]
    assert db.session.query(MetTarget).count() == 0


def test_survey_can_be_the_proof(session: Session) -> None:
    scene = make_scene()
    standard = core()
    plan = agreed_plan(scene.pairing, scene)
    survey = survey_with(scene.pairing, scene.supporting_coordinator)
    add_met_target(plan, standard, entry(survey=survey), actor=scene.supporting_coordinator)
    assert missing_for_agreement(plan) == []
    assert (plan.state, plan.endorsements) == (PlanState.DRAFTING, [])


def test_proof_that_was_withdrawn_proves_nothing(session: Session) -> None:
    scene = make_scene()
    standard, piece = core(), proof(scene)
    plan = drafting_plan(scene.pairing, scene)
    make_met_target(plan, standard, by=scene.supported_coordinator, evidence=piece)
    assert missing_for_agreement(plan) == []
    withdrawn(piece, by=scene.supported_coordinator)
    assert missing_for_agreement(plan) == [GAP]
    with pytest.raises(Rejected) as refusal:
        add_met_target(plan, standard, entry(evidence=piece), actor=scene.supported_coordinator)
    assert "已撤回" in refusal.value.fields["evidence"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"statement": " "}, "statement"),
        ({"statement": "长" * 2001}, "statement"),
        ({}, "evidence"),
        ({"met_on": clock.today() + timedelta(days=400)}, "met_on"),
    ],
)
def test_entry_without_statement_or_proof_is_rejected(
    session: Session, more: dict[str, object], field: str
) -> None:
    scene = make_scene()
    plan = drafting_plan(scene.pairing, scene)
    piece = {} if field == "evidence" else {"evidence": proof(scene)}
    with pytest.raises(Rejected) as refusal:
        add_met_target(plan, core(), entry(**piece, **more), actor=scene.supported_coordinator)
    assert list(refusal.value.fields) == [field]


def test_task_is_either_in_the_plan_or_met(session: Session) -> None:
    scene = make_scene()
    standard = core()
    plan = drafting_plan(scene.pairing, scene)
    sent = {"actor": scene.supported_coordinator}
    add_met_target(plan, standard, entry(evidence=proof(scene)), **sent)
    with pytest.raises(StepRefused, match="已登记为已达标"):
        add_met_target(plan, standard, entry(evidence=proof(scene)), **sent)
    other = make_library_task("C-01", weight=3)
    plan.tasks[2].library_task_id = other.id
    db.session.flush()
    with pytest.raises(StepRefused, match="已在任务清单中"):
        add_met_target(plan, other, entry(evidence=proof(scene)), **sent)


@pytest.mark.parametrize("who", ["supported_leader", "centre", "foreign_coordinator"])
def test_nobody_but_coordinators_enters_or_withdraws(session: Session, who: str) -> None:
    scene = make_scene()
    standard, piece = core(), proof(scene)
    plan = drafting_plan(scene.pairing, scene)
    with pytest.raises(Forbidden):
        add_met_target(plan, standard, entry(evidence=piece), actor=getattr(scene, who))
    target = make_met_target(plan, standard, by=scene.supported_coordinator, evidence=piece)
    with pytest.raises(Forbidden):
        withdraw_met_target(target, actor=getattr(scene, who))


@pytest.mark.parametrize(
    ("build", "held"), [(drafting_plan, ""), (agreed_plan, "商定"), (plan_in_force, "生效计划")]
)
def test_proof_stays_once_the_plan_rests_on_it(session: Session, build: object, held: str) -> None:
    scene = make_scene()
    plan: Plan = build(scene.pairing, scene)  # type: ignore[operator]
    piece = proof(scene)
    make_met_target(plan, core(), by=scene.supported_coordinator, evidence=piece)
    sent = {"reason": "传错了", "actor": scene.supported_coordinator}
    if not held:
        withdraw_evidence(piece, **sent)  # type: ignore[arg-type]
        return
    with pytest.raises(StepRefused, match=held):
        withdraw_evidence(piece, **sent)  # type: ignore[arg-type]
    db.session.expire_all()
    assert piece.withdrawn_at is None


def test_both_sides_see_the_proof_of_another_pairing(session: Session) -> None:
    scene = make_scene()
    programme = make_programme(name="上一帮扶周期")
    elsewhere = make_pairing(programme, scene.foreign.supporting, scene.pairing.supported)
    piece = evidence_in(elsewhere, by=scene.supported_coordinator)
    plan = drafting_plan(scene.pairing, scene)
    make_met_target(plan, core(), by=scene.supported_coordinator, evidence=piece)
    assert get_evidence(piece.id, viewer=scene.supporting_coordinator) == piece
    assert get_evidence(piece.id, viewer=scene.supporting_leader) == piece


def test_coordinator_enters_and_withdraws_on_the_plan(client: PageClient) -> None:
    scene = make_scene()
    standard, piece = core(), proof(scene)
    plan = drafting_plan(scene.pairing, scene)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/plan")
    address = f"/plans/{plan.id}/met-targets/new/{standard.id}"
    assert page.select(f'#core a[href="{address}"]')
    form = client.get(address)
    bare = client.submit(form, "main form", statement="七类制度均已印发")
    assert (bare.status, "请选择一件佐证材料" in bare.text) == (422, True)
    assert bare.one("#statement").get_text().strip() == "七类制度均已印发"
    answer = client.submit(bare, "main form", evidence=str(piece.id), met_on="2020-03-31")
    assert answer.status == 303
    shown = client.get(answer.location)
    assert "制度汇编" in shown.one("#core").get_text()
    assert GAP not in shown.text
    again = client.submit(bare, "main form", evidence=str(piece.id), _once="k2")
    assert (again.status, "已登记为已达标" in again.text) == (409, True)
    css = 'form[action$="/withdraw"]'
    assert client.submit(shown, css).status == 303
    assert db.session.query(MetTarget).count() == 0


def test_foreign_proof_cannot_be_chosen(client: PageClient) -> None:
    scene = make_scene()
    standard = core()
    plan = drafting_plan(scene.pairing, scene)
    foreign = evidence_in(scene.foreign, by=scene.foreign_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    form = client.get(f"/plans/{plan.id}/met-targets/new/{standard.id}")
    answer = client.submit(form, "main form", statement="已达标", evidence=str(foreign.id))
    assert answer.status == 422
    assert db.session.query(MetTarget).count() == 0
    other = make_library_task("E-01", weight=2)
    assert client.get(f"/plans/{plan.id}/met-targets/new/{other.id}").status == 404
