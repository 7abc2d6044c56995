"""Ending a filed agreement early: who, in which state, and what follows from it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    AgreementTermination,
    Plan,
    PlanState,
    Role,
    TaskState,
    TerminationState,
    User,
)
from portal.policies.standing import steps_of, waits_of
from portal.policies.tasks import why_locked
from portal.queries.standing import facts_of
from portal.queries.workbench import bench_of
from portal.services import agreements, terminations
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreement_papers import agreed_to_end, amendment, asked_to_end, ended, submit
from tests.factories.agreements import BY_EYE, agreement_in, filed_agreement
from tests.factories.people import make_user
from tests.factories.problems import make_problem
from tests.factories.scenes import ONE_OF_EACH
from tests.factories.tasks import make_task
from tests.support.pages import PageClient

T = TerminationState
Do = Callable[[AgreementTermination, User], object]
STEPS: dict[str, tuple[Do, set[TerminationState], set[str], TerminationState]] = {
    "agree": (
        lambda t, u: terminations.answer_termination(t, agrees=True, actor=u),
        {T.REQUESTED},
        {"supported_leader"},
        T.AGREED,
    ),
    "decline": (
        lambda t, u: terminations.answer_termination(t, agrees=False, comment="不同意。", actor=u),
        {T.REQUESTED},
        {"supported_leader"},
        T.REFUSED,
    ),
    "consent": (
        lambda t, u: terminations.decide_termination(t, consents=True, actor=u),
        {T.AGREED},
        {"commission"},
        T.CONSENTED,
    ),
    "refuse": (
        lambda t, u: terminations.decide_termination(t, consents=False, comment="继续。", actor=u),
        {T.AGREED},
        {"commission"},
        T.REFUSED,
    ),
    "withdraw": (
        lambda t, u: terminations.withdraw_termination(t, actor=u),
        {T.REQUESTED, T.AGREED},
        {"supporting_leader"},
        T.WITHDRAWN,
    ),
}


@pytest.fixture(autouse=True)
def _ten_months_into_the_programme() -> Iterator[None]:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


def termination_in(state: TerminationState, scene: Scene) -> AgreementTermination:
    """Build the request that stands in ``state``."""
    agreement = filed_agreement(scene)
    if state is T.REQUESTED:
        return asked_to_end(agreement, scene)
    if state is T.CONSENTED:
        return ended(agreement, scene)
    agreed = agreed_to_end(agreement, scene)
    if state is T.REFUSED:
        STEPS["refuse"][0](agreed, scene.commission)
    elif state is T.WITHDRAWN:
        STEPS["withdraw"][0](agreed, scene.supporting_leader)
    return agreed


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_for_its_role_alone(session: Session, step: str) -> None:
    do, sources, allowed, _ = STEPS[step]
    scene = make_scene()
    termination = termination_in(sorted(sources)[0], scene)
    before = (termination.state, termination.version)
    for who in ONE_OF_EACH:
        if who not in allowed:
            with pytest.raises(Forbidden):
                do(termination, getattr(scene, who))
    session.flush()
    assert (termination.state, termination.version) == before


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", T)
def test_each_step_is_open_in_its_states_alone(
    session: Session, step: str, state: TerminationState
) -> None:
    do, sources, allowed, target = STEPS[step]
    scene = make_scene()
    termination = termination_in(state, scene)
    actor = getattr(scene, sorted(allowed)[0])
    if state in sources:
        do(termination, actor)
        assert termination.state is target
    else:
        with pytest.raises(StepRefused):
            do(termination, actor)
        assert termination.state is state


def test_only_a_leader_of_either_side_asks(session: Session) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    for who in ONE_OF_EACH:
        if who in ("supporting_leader", "supported_leader"):
            continue
        with pytest.raises(Forbidden):
            terminations.request_termination(
                agreement, reason="因故。", ends_on=clock.today(), actor=getattr(scene, who)
            )
    assert session.query(AgreementTermination).count() == 0


@pytest.mark.parametrize("state", ["draft", "signing", "submitted", "returned"])
def test_only_an_agreement_in_force_can_end_early(session: Session, state: str) -> None:
    scene = make_scene()
    with pytest.raises(StepRefused):
        asked_to_end(agreement_in(state, scene), scene)


@pytest.mark.parametrize(
    ("reason", "days", "field"),
    [(" ", 5, "reason"), ("因故。", -1, "ends_on"), ("因故。", 9999, "ends_on")],
)
def test_a_request_says_why_and_a_day_within_the_term(
    session: Session, reason: str, days: int, field: str
) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    with pytest.raises(Rejected) as refusal:
        terminations.request_termination(
            agreement,
            reason=reason,
            ends_on=clock.today() + timedelta(days=days),
            actor=scene.supported_leader,
        )
    assert list(refusal.value.fields) == [field]


def test_there_is_one_open_request_at_a_time_and_a_new_one_after_a_refusal(
    session: Session,
) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    first = agreed_to_end(agreement, scene)
    with pytest.raises(StepRefused, match="正在办理"):
        asked_to_end(agreement, scene)
    terminations.decide_termination(first, consents=False, comment="继续。", actor=scene.commission)
    assert asked_to_end(agreement, scene).state is T.REQUESTED


def test_a_refusal_says_why(session: Session) -> None:
    scene = make_scene()
    termination = asked_to_end(filed_agreement(scene), scene)
    with pytest.raises(Rejected):
        terminations.answer_termination(termination, agrees=False, actor=scene.supported_leader)
    terminations.answer_termination(termination, agrees=True, actor=scene.supported_leader)
    with pytest.raises(Rejected):
        terminations.decide_termination(termination, consents=False, actor=scene.commission)
    assert termination.state is T.AGREED


def test_whoever_decides_about_an_old_page_is_told(session: Session) -> None:
    scene = make_scene()
    termination = agreed_to_end(filed_agreement(scene), scene)
    with pytest.raises(StaleEdit):
        terminations.decide_termination(
            termination, consents=True, actor=scene.commission, seen_version=1
        )


def test_with_the_consent_the_plan_is_not_worked_on_any_more(session: Session) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    plan = session.query(Plan).one()
    task = make_task(plan, state=TaskState.IN_PROGRESS)
    task.due_on = task.starts_on
    termination = ended(agreement, scene)
    assert agreement.state is AgreementState.TERMINATED
    assert agreement.terminated_on == termination.ends_on
    assert plan.state is PlanState.TERMINATED
    assert "提前终止" in why_locked(task)
    facts = facts_of(scene.pairing, viewer=scene.commission)
    assert facts.agreement is agreement
    assert facts.overdue == 0
    whats = [one.what for one in waits_of(facts)]
    assert not [what for what in whats if "协议" in what or "逾期任务" in what]
    assert any(step.detail == "已终止" for step in steps_of(facts))
    assert not [one for one in bench_of(scene.supported_coordinator).to_do if "协议" in one.title]
    with pytest.raises(StepRefused, match="不再另行签订"):
        agreements.draft_agreement(scene.pairing, actor=scene.supporting_coordinator)


def test_after_the_end_the_pages_say_so_and_nothing_more_is_asked_for(
    client: PageClient,
) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    plan = db.session.query(Plan).one()
    make_task(plan, state=TaskState.IN_PROGRESS)
    make_problem(scene.pairing, by=scene.supporting_coordinator)
    coordinator = scene.supporting_coordinator
    with time_machine.travel(clock.now() + timedelta(days=400)):
        assert {"会议逾期", "问题待安排任务"} <= {one.kind for one in bench_of(coordinator).to_do}
        ended(agreement, scene)
        assert bench_of(coordinator).to_do == []
        db.session.commit()
        client.login(coordinator, PASSWORD)
        plan_page = client.get(f"/pairings/{scene.pairing.id}/plan")
        assert plan_page.status == 200
        assert "计划已终止" in plan_page.text
        assert "已终止" in plan_page.one(".stepper").get_text()
        tasks = client.get(f"/pairings/{scene.pairing.id}/tasks").text
    assert "任务清单已终止" in tasks
    assert "尚未生效" not in tasks


def test_no_consent_while_another_agreement_is_on_its_way(session: Session) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    termination = agreed_to_end(agreement, scene)
    amendment(scene, agreement)
    with pytest.raises(StepRefused) as refusal:
        terminations.decide_termination(termination, consents=True, actor=scene.commission)
    assert "变更协议" in refusal.value.missing[0]
    assert agreement.state is AgreementState.FILED


def test_it_waits_on_the_workbench_of_whoever_must_act(session: Session) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)

    def kinds(who: User, part: str = "to_do") -> set[str]:
        return {one.kind for one in getattr(bench_of(who), part) if "终止" in one.kind}

    termination = asked_to_end(agreement, scene)
    assert kinds(scene.supported_leader) == {"终止申请待答复"}
    assert kinds(scene.supporting_leader) == kinds(scene.commission) == set()
    assert kinds(scene.supporting_leader, "with_others") == {"终止申请"}
    terminations.answer_termination(termination, agrees=True, actor=scene.supported_leader)
    assert kinds(scene.commission) == {"终止申请待审定"}
    assert kinds(scene.supported_leader) == kinds(scene.foreign_leader) == set()
    assert kinds(scene.supported_coordinator, "with_others") == {"终止申请"}


def test_the_way_through_the_pages(
    client: PageClient, new_client: Callable[[], PageClient]
) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    address = f"/agreements/{agreement.id}"
    client.login(scene.supporting_leader, PASSWORD)
    page = client.get(address)
    form = f'form[action="{address}/termination"]'
    day = (clock.today() + timedelta(days=20)).isoformat()
    refused = client.submit(page, form, ends_on=day, reason="")
    assert refused.status == 422
    assert refused.one("#ends_on")["value"] == day
    assert client.submit(refused, form, ends_on=day, reason="医院整合。").status == 303
    assert client.get(address).select('form[action$="/withdraw"]')
    other, commission = new_client(), new_client()
    other.login(scene.supported_leader, PASSWORD)
    answer = 'form[action$="/answer"]'
    declined = other.submit(other.get(address), answer, word="", do="decline")
    assert declined.status == 422
    assert other.submit(other.get(address), answer, word="", do="agree").status == 303
    commission.login(scene.commission, PASSWORD)
    decide = 'form[action$="/decide"]'
    assert commission.submit(commission.get(address), decide, word="", do="refuse").status == 422
    assert commission.submit(commission.get(address), decide, word="", do="consent").status == 303
    shown = commission.get(address)
    assert "已终止" in shown.text
    assert "起终止，此前为交接期" in shown.one("#termination").get_text()
    assert "已退回" not in shown.one(".stepper").get_text()
    assert not shown.select("main form")
    assert db.session.get_one(Agreement, agreement.id).state is AgreementState.TERMINATED


def test_no_leader_agrees_to_what_their_own_side_asked_for(session: Session) -> None:
    scene = make_scene()
    asked = asked_to_end(filed_agreement(scene), scene)
    scene.supporting_leader.organisation = scene.pairing.supported
    session.flush()
    successor = make_user(Role.BASE_LEADER, scene.pairing.supporting)
    with pytest.raises(Forbidden):
        terminations.answer_termination(asked, agrees=True, actor=successor)
    answered = terminations.answer_termination(asked, agrees=True, actor=scene.supported_leader)
    assert answered.state is T.AGREED


def test_the_request_lapses_when_another_agreement_takes_the_place(session: Session) -> None:
    scene = make_scene()
    old = filed_agreement(scene)
    change = submit(amendment(scene, old), scene)
    request = agreed_to_end(old, scene)
    filed = agreements.file_agreement(change, checked=BY_EYE, actor=scene.centre)
    assert request.state is T.WITHDRAWN
    assert str(filed.filing_number) in request.comment
    assert old.state is AgreementState.SUPERSEDED
