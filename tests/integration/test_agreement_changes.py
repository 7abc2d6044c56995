"""What becomes of a filed agreement: amended, renewed, given up, taken back before the filing."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementKind,
    AgreementState,
    Area,
    Plan,
    PlanState,
    TaskState,
    User,
)
from portal.policies.agreements import filing_deadline, renewal_due_since
from portal.policies.standing import waits_of
from portal.queries.agreement_page import agreement_page
from portal.queries.agreements import get_agreement, tab_agreement
from portal.queries.agreements_at_hand import agreements_at_hand
from portal.queries.papers.receipt import receipt_paper
from portal.queries.standing import facts_of
from portal.queries.workbench import bench_of
from portal.services import agreement_changes, agreements
from portal.workflow.agreements import plan_of, task_counts
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.agreement_papers import amendment, submit
from tests.factories.agreements import (
    BY_EYE,
    agreement_in,
    draft_agreement,
    filed_agreement,
    submitted_agreement,
)
from tests.factories.scenes import ONE_OF_EACH as PEOPLE
from tests.support.pages import PageClient

COORDINATORS = {"supporting_coordinator", "supported_coordinator"}
LEADERS = {"supporting_leader", "supported_leader"}

Do = Callable[[Agreement, User], object]
STEPS: dict[str, tuple[Do, set[str]]] = {
    "amend": (
        lambda a, u: agreement_changes.start_change(
            a, kind=AgreementKind.AMENDMENT, reason="调整。", actor=u
        ),
        COORDINATORS,
    ),
    "take_back": (
        lambda a, u: agreements.take_back_agreement(a, reason="漏盖公章。", actor=u),
        COORDINATORS | LEADERS,
    ),
}
OPEN_IN = {"amend": "filed", "take_back": "submitted"}
STATES = ("draft", "signing", "submitted", "returned", "filed")


@pytest.fixture
def time_machine_2021() -> Iterator[None]:
    """A day on which no renewal is due."""
    with time_machine.travel("2021-03-15T01:00:00+00:00"):
        yield


def taken_back(agreement: Agreement, scene: Scene) -> Agreement:
    return agreements.take_back_agreement(
        agreement, reason="漏盖公章。", actor=scene.supported_coordinator
    )


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_for_its_roles_alone(session: Session, step: str) -> None:
    do, allowed = STEPS[step]
    for who in PEOPLE:
        if who in allowed:
            continue
        scene = make_scene()
        agreement = agreement_in(OPEN_IN[step], scene)
        with pytest.raises(Forbidden):
            do(agreement, getattr(scene, who))
        session.rollback()


@pytest.mark.parametrize(
    ("step", "who"), [(step, who) for step in STEPS for who in sorted(STEPS[step][1])]
)
def test_each_of_its_roles_takes_it(session: Session, step: str, who: str) -> None:
    scene = make_scene()
    STEPS[step][0](agreement_in(OPEN_IN[step], scene), getattr(scene, who))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", STATES)
def test_a_step_out_of_its_state_is_refused_and_changes_nothing(
    session: Session, step: str, state: str
) -> None:
    do, allowed = STEPS[step]
    if OPEN_IN[step] == state:
        return
    scene = make_scene()
    agreement = agreement_in(state, scene)
    before = (agreement.state, agreement.version, len(agreement.revisions))
    with pytest.raises(StepRefused):
        do(agreement, getattr(scene, sorted(allowed)[0]))
    assert (agreement.state, agreement.version, len(agreement.revisions)) == before


def test_a_submitted_agreement_is_taken_back_into_a_new_revision(session: Session) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    taken_back(agreement, scene)
    first, second = agreement.revisions
    assert agreement.state is AgreementState.DRAFT
    assert first.withdrawn_reason == "漏盖公章。"
    assert (len(first.signatures), len(first.annexes)) == (2, 7)
    assert first.scan is not None
    assert (second.signatures, second.annexes, second.scan) == ([], [], None)
    assert [one.body for one in first.clauses] == [one.body for one in second.clauses]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_taking_back_says_why(session: Session, reason: str) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    with pytest.raises(Rejected):
        agreements.take_back_agreement(agreement, reason=reason, actor=scene.supporting_leader)
    assert agreement.state is AgreementState.SUBMITTED


def test_the_centre_is_told_of_what_was_taken_back(client: PageClient) -> None:
    scene = make_scene()
    agreement = taken_back(submitted_agreement(scene), scene)
    told = [one for one in bench_of(scene.centre).with_others if one.kind == "协议已撤回"]
    assert [one.detail for one in told] == ["漏盖公章。"]
    client.login(scene.centre, PASSWORD)
    assert "撤回报送" in client.get("/agreements").one("#register").get_text()
    page = client.get(f"/agreements/{agreement.id}", {"revision": 1})
    assert "由双方撤回" in page.text
    submit(agreement, scene)
    assert not [one for one in bench_of(scene.centre).with_others if one.kind == "协议已撤回"]


def test_an_amendment_starts_from_the_text_in_force_and_replaces_it_when_filed(
    session: Session,
) -> None:
    scene = make_scene()
    old = filed_agreement(scene)
    new = amendment(scene, old)
    assert [one.body for one in new.current.clauses] == [one.body for one in old.current.clauses]
    hand = agreements_at_hand([scene.pairing_id])[scene.pairing_id]
    assert (hand.in_force, hand.being_made) == (old, new)
    assert tab_agreement(scene.pairing, viewer=scene.city) is old
    agreements.file_agreement(submit(new, scene), checked=BY_EYE, actor=scene.centre)
    session.expire_all()
    assert (old.state, new.state) == (AgreementState.SUPERSEDED, AgreementState.FILED)
    assert (old.filing_sequence, new.filing_sequence) == (1, 2)
    hand = agreements_at_hand([scene.pairing_id])[scene.pairing_id]
    assert (hand.in_force, hand.being_made) == (new, None)
    assert session.query(Plan).one().state is PlanState.IN_FORCE


def test_the_agreement_in_force_stays_it_while_the_next_is_drafted(client: PageClient) -> None:
    scene = make_scene()
    old = filed_agreement(scene)
    new = amendment(scene, old)
    client.login(scene.supported_coordinator, PASSWORD)
    tab = client.get(f"/pairings/{scene.pairing_id}/agreement")
    assert tab.location == f"/agreements/{old.id}"
    page = client.get(tab.location)
    assert page.select(f'a[href="/agreements/{new.id}"]')
    assert "已备案" in client.get("/pairings").text
    overview = client.get("/overview").text
    assert "协议未备案" not in overview
    waits = [one.what for one in waits_of(facts_of(scene.pairing, viewer=scene.centre))]
    assert "完成协议起草并发起签署" in waits
    assert "起草帮扶协议" not in waits


@pytest.mark.parametrize("kind", [AgreementKind.AMENDMENT, AgreementKind.RENEWAL])
def test_there_is_one_change_at_a_time(session: Session, kind: AgreementKind) -> None:
    scene = make_scene()
    with time_machine.travel("2023-05-01T03:00:00+00:00", tick=False):
        old = filed_agreement(scene)
        amendment(scene, old)
        with pytest.raises(StepRefused, match="正在办理"):
            amendment(scene, old, kind=kind)
    assert session.query(Agreement).count() == 2


def test_a_change_needs_a_reason(session: Session) -> None:
    scene = make_scene()
    old = filed_agreement(scene)
    with pytest.raises(Rejected) as refusal:
        agreement_changes.start_change(
            old, kind=AgreementKind.AMENDMENT, reason=" ", actor=scene.supporting_coordinator
        )
    assert list(refusal.value.fields) == ["reason"]


def test_a_second_first_agreement_is_refused(session: Session) -> None:
    scene = make_scene()
    filed_agreement(scene)
    with pytest.raises(StepRefused, match="已有备案协议"):
        agreements.draft_agreement(scene.pairing, actor=scene.supporting_coordinator)


def test_a_change_that_is_given_up_leaves_the_old_one_in_force(session: Session) -> None:
    scene = make_scene()
    old = filed_agreement(scene)
    new = amendment(scene, old)
    with pytest.raises(Forbidden):
        agreement_changes.abandon_change(new, reason="不再变更。", actor=scene.supporting_leader)
    agreement_changes.abandon_change(new, reason="不再变更。", actor=scene.supported_coordinator)
    assert new.state is AgreementState.TERMINATED
    assert new.terminated_on == clock.today()
    assert old.state is AgreementState.FILED
    assert amendment(scene, old).current.number == 1


def test_a_first_agreement_is_not_given_up(session: Session) -> None:
    scene = make_scene()
    agreement = agreement_in("draft", scene)
    with pytest.raises(StepRefused) as refusal:
        agreement_changes.abandon_change(
            agreement, reason="算了", actor=scene.supported_coordinator
        )
    assert "不能放弃" in refusal.value.missing[0]


LAST_DAY = date(2023, 5, 21)


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (LAST_DAY - timedelta(days=91), False),
        (LAST_DAY - timedelta(days=90), True),
        (LAST_DAY, True),
        (LAST_DAY + timedelta(days=10), True),
    ],
)
def test_a_renewal_is_offered_from_ninety_days_before_the_end(
    session: Session, today: date, due: bool
) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False):
        agreement = filed_agreement(scene)
    assert agreement.current.ends_on == LAST_DAY
    assert bool(renewal_due_since(agreement, today)) is due
    with time_machine.travel(f"{today}T04:00:00+00:00", tick=False):
        shown = agreement_page(
            get_agreement(agreement.id, viewer=scene.supporting_coordinator),
            viewer=scene.supporting_coordinator,
        )
        assert ("renew" in shown.actions) is due
        assert shown.days_left == (LAST_DAY - today).days
        kinds = [one.kind for one in bench_of(scene.supported_coordinator).to_do]
        assert ("协议待续签" in kinds) is due
        waits = [one.what for one in waits_of(facts_of(scene.pairing, viewer=scene.centre))]
        assert any("续签" in what for what in waits) is due
        if due:
            renewal = amendment(scene, agreement, kind=AgreementKind.RENEWAL)
            kinds = [one.kind for one in bench_of(scene.supported_coordinator).to_do]
            assert "协议待续签" not in kinds
            assert renewal.current.starts_on == LAST_DAY + timedelta(days=1)
            assert renewal.current.ends_on == date(2026, 5, 21)
            text = "".join(one.body for one in renewal.current.clauses)
            assert "自2023年5月22日起至2026年5月21日止" in text
        else:
            with pytest.raises(StepRefused, match="90日内"):
                amendment(scene, agreement, kind=AgreementKind.RENEWAL)


def test_a_renewal_goes_on_from_the_old_one_through_to_its_filing(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        old = filed_agreement(scene)
        traveller.move_to("2023-04-20T03:00:00+00:00")
        renewal = submit(amendment(scene, old, kind=AgreementKind.RENEWAL), scene)
        agreements.file_agreement(renewal, checked=BY_EYE, actor=scene.centre)
    assert renewal.filing_number == "琼全科帮扶备〔2023〕1号"
    receipt = receipt_paper(renewal)
    assert (receipt.deadline, receipt.timeliness) == ("2023年5月12日", "按期报送")
    assert old.state is AgreementState.SUPERSEDED


def test_a_renewal_that_leaves_a_gap_is_not_signed(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        old = filed_agreement(scene)
        traveller.move_to("2023-04-20T03:00:00+00:00")
        renewal = amendment(scene, old, kind=AgreementKind.RENEWAL)
        renewal.current.starts_on += timedelta(days=5)
        session.flush()
        with pytest.raises(StepRefused) as refusal:
            agreements.open_signing(renewal, actor=scene.supporting_coordinator)
    assert any("期满次日" in gap for gap in refusal.value.missing)


def test_a_change_is_filed_within_fifteen_working_days_of_its_signing(session: Session) -> None:
    scene = make_scene()
    with time_machine.travel("2020-05-20T03:00:00+00:00", tick=False) as traveller:
        old = filed_agreement(scene)
        assert filing_deadline(old) == date(2020, 5, 22)
        traveller.move_to("2021-03-01T03:00:00+00:00")
        change = amendment(scene, old)
        assert filing_deadline(change) is None
        submit(change, scene)
    assert filing_deadline(change) == date(2021, 3, 22)


def test_the_page_offers_the_change_and_keeps_what_was_typed(
    client: PageClient, time_machine_2021: None
) -> None:
    scene = make_scene()
    old = filed_agreement(scene)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/agreements/{old.id}")
    form = 'form[action$="/changes"]'
    refused = client.submit(page, form, reason="长" * 1001)
    assert refused.status == 422
    assert refused.one("#reason").get_text(strip=True) == "长" * 1001
    answer = client.submit(refused, form, reason="调整派驻人数")
    assert answer.status == 303
    shown = client.get(answer.location)
    assert "变更协议" in shown.text
    assert str(old.filing_number) in shown.text
    assert shown.select('form[action$="/abandon"]')
    assert page.texts("#kind option") == ["变更协议"]
    again = client.post(f"/agreements/{old.id}/changes", {"kind": "renewal", "reason": "续"})
    assert again.status == 409


def test_the_page_takes_back_and_keeps_what_was_typed(client: PageClient) -> None:
    scene = make_scene()
    agreement = submitted_agreement(scene)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}")
    form = 'form[action$="/take-back"]'
    assert client.submit(page, form).status == 422
    refused = client.submit(page, form, take_back_reason="长" * 501)
    assert refused.one("#take_back_reason").get_text(strip=True) == "长" * 501
    assert client.submit(refused, form, take_back_reason="漏盖公章").status == 303
    db.session.refresh(agreement)
    assert agreement.state is AgreementState.DRAFT


def test_cancelled_tasks_are_no_tasks_of_the_agreement(session: Session) -> None:
    scene = make_scene()
    draft_agreement(scene)
    plan = plan_of(scene.pairing)
    assert plan is not None
    before = task_counts(plan)
    tasks = [task for task in plan.tasks if task.area is Area.DEPARTMENT]
    for task in tasks:
        task.state, task.cancelled_on = TaskState.CANCELLED, clock.today()
    session.flush()
    assert task_counts(plan) == {
        area: n for area, n in before.items() if area is not Area.DEPARTMENT
    }
