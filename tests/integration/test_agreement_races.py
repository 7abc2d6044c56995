"""Two people at one agreement in the same moment, with real commits on both databases."""

from collections.abc import Callable
from functools import partial

from flask import Flask

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementKind,
    AgreementState,
    AgreementTermination,
    Side,
    SigningDelegation,
    User,
)
from portal.policies.agreement_words import chinese_date
from portal.queries.agreements_at_hand import agreements_at_hand
from portal.services import agreements, delegations, terminations
from portal.services.agreement_changes import start_change
from tests.factories import make_scene
from tests.factories.agreement_papers import agreed_to_end, amendment, delegation, submit
from tests.factories.agreements import (
    coordinator_of,
    draft_agreement,
    filed_agreement,
    sign_and_scan,
    submitted_agreement,
)
from tests.integration.test_filing_numbers import at_once, file_as, real_app

__all__ = ["real_app"]


def person(user_id: int) -> User:
    return db.session.get_one(User, user_id)


def agreement_of(agreement_id: int) -> Agreement:
    return db.session.get_one(Agreement, agreement_id)


def take_back_as(user_id: int, agreement_id: int) -> None:
    agreements.take_back_agreement(
        agreement_of(agreement_id), reason="漏盖公章。", actor=person(user_id)
    )


def sign_as(user_id: int, agreement_id: int) -> None:
    agreements.sign_agreement(agreement_of(agreement_id), actor=person(user_id))


def consent_as(user_id: int, termination_id: int) -> None:
    found = db.session.get_one(AgreementTermination, termination_id)
    terminations.decide_termination(found, consents=True, actor=person(user_id))


def withdraw_as(user_id: int, termination_id: int) -> None:
    found = db.session.get_one(AgreementTermination, termination_id)
    terminations.withdraw_termination(found, actor=person(user_id))


def run(app: Flask, *jobs: Callable[[], None]) -> list[BaseException]:
    """Run the jobs at once and return the refusals."""
    return [one for one in at_once(app, list(jobs)) if one is not None]


def test_two_reviewers_file_one_agreement_once(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement_id = submitted_agreement(scene).id
        reviewers = (scene.centre.id, scene.other_centre.id)
        db.session.commit()
    refused = run(real_app, *(partial(file_as, one, agreement_id) for one in reviewers))
    assert len(refused) == 1
    with real_app.app_context():
        agreement = agreement_of(agreement_id)
        assert (agreement.state, agreement.filing_sequence) == (AgreementState.FILED, 1)
        assert len(agreement.current.sha256) == 64


def test_filing_and_taking_back_at_once_leave_one_of_the_two(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement_id = submitted_agreement(scene).id
        centre, leader = scene.centre.id, scene.supported_leader.id
        db.session.commit()
    refused = run(
        real_app,
        partial(file_as, centre, agreement_id),
        partial(take_back_as, leader, agreement_id),
    )
    assert len(refused) == 1
    with real_app.app_context():
        agreement = agreement_of(agreement_id)
        filed = agreement.state is AgreementState.FILED
        assert filed or agreement.state is AgreementState.DRAFT
        assert len(agreement.revisions) == (1 if filed else 2)
        assert bool(agreement.filing_number) is filed
        assert bool(agreement.revisions[0].withdrawn_at) is not filed


def test_both_sides_at_once_sign_in_order_or_are_told_to_wait(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement = draft_agreement(scene)
        agreements.open_signing(
            agreement, actor=coordinator_of(scene.pairing, scene), first=Side.SUPPORTED
        )
        agreement_id = agreement.id
        leaders = (scene.supporting_leader.id, scene.supported_leader.id)
        db.session.commit()
    refused = run(real_app, *(partial(sign_as, one, agreement_id) for one in leaders))
    with real_app.app_context():
        marks = [mark.side for mark in agreement_of(agreement_id).current.signatures]
    assert marks[0] is Side.SUPPORTED
    assert len(marks) + len(refused) == 2
    assert all(isinstance(one, StepRefused) for one in refused)


def test_leader_and_deputy_at_once_leave_one_signature(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement = draft_agreement(scene)
        agreements.open_signing(agreement, actor=scene.supporting_coordinator)
        delegation(scene)
        agreement_id = agreement.id
        people = (scene.supported_leader.id, scene.supported_coordinator.id)
        db.session.commit()
    assert len(run(real_app, *(partial(sign_as, one, agreement_id) for one in people))) == 1
    with real_app.app_context():
        assert len(agreement_of(agreement_id).current.signatures) == 1


def test_two_amendments_at_once_leave_one(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement_id = filed_agreement(scene).id
        people = (scene.supporting_coordinator.id, scene.supported_coordinator.id)
        db.session.commit()

    def amend_as(user_id: int) -> None:
        start_change(
            agreement_of(agreement_id),
            kind=AgreementKind.AMENDMENT,
            reason="调整。",
            actor=person(user_id),
        )

    assert len(run(real_app, *(partial(amend_as, one) for one in people))) == 1
    with real_app.app_context():
        assert db.session.query(Agreement).count() == 2


def test_an_amendment_and_the_early_end_at_once_leave_one_agreement_at_most(
    real_app: Flask,
) -> None:
    """The amendment is on its way, so the end is refused; once filed, the old one is over."""
    with real_app.app_context():
        scene = make_scene()
        with_term = filed_agreement(scene)
        with_term.current.ends_on = clock.add_months(clock.today(), 12)
        db.session.flush()
        termination_id = agreed_to_end(with_term, scene).id
        change = amendment(scene, with_term)
        for clause in change.current.clauses:
            if clause.key == "term_and_goals":
                days = (change.current.starts_on, change.current.ends_on)
                clause.body = "自{}起至{}止。".format(*map(chinese_date, days))
        change_id, pairing_id = submit(change, scene).id, scene.pairing_id
        centre, commission = scene.centre.id, scene.commission.id
        db.session.commit()
    refused = run(
        real_app,
        partial(file_as, centre, change_id),
        partial(consent_as, commission, termination_id),
    )
    assert len(refused) == 1
    with real_app.app_context():
        hand = agreements_at_hand([pairing_id])[pairing_id]
        assert hand.in_force is not None
        assert hand.in_force.id == change_id


def test_consent_and_withdrawal_at_once_leave_one_of_the_two(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement = filed_agreement(scene)
        agreement.current.ends_on = clock.add_months(clock.today(), 12)
        db.session.flush()
        termination_id = agreed_to_end(agreement, scene).id
        agreement_id = agreement.id
        people = (scene.commission.id, scene.supporting_leader.id)
        db.session.commit()
    refused = run(
        real_app,
        partial(consent_as, people[0], termination_id),
        partial(withdraw_as, people[1], termination_id),
    )
    assert len(refused) == 1
    with real_app.app_context():
        ended = agreement_of(agreement_id).state is AgreementState.TERMINATED
        state = db.session.get_one(AgreementTermination, termination_id).state
        assert (state.value == "consented") is ended


def test_a_leave_revoked_in_the_same_moment_signs_or_does_not(real_app: Flask) -> None:
    with real_app.app_context():
        scene = make_scene()
        agreement = draft_agreement(scene)
        agreements.open_signing(agreement, actor=scene.supporting_coordinator)
        leave_id = delegation(scene).id
        agreement_id = agreement.id
        deputy, leader = scene.supported_coordinator.id, scene.supported_leader.id
        db.session.commit()

    def revoke() -> None:
        delegations.revoke_delegation(
            db.session.get_one(SigningDelegation, leave_id), actor=person(leader)
        )

    refused = run(real_app, partial(sign_as, deputy, agreement_id), revoke)
    with real_app.app_context():
        signed = len(agreement_of(agreement_id).current.signatures)
    assert signed + len(refused) == 1


def test_the_replaced_one_is_superseded_with_the_filing_on_either_database(
    real_app: Flask,
) -> None:
    """The index on agreements in force holds at every statement, not at the commit."""
    with real_app.app_context():
        scene = make_scene()
        old = filed_agreement(scene)
        new = amendment(scene, old)
        agreements.open_signing(new, actor=scene.supporting_coordinator)
        sign_and_scan(new, scene)
        agreements.submit_agreement(new, actor=scene.supported_coordinator)
        ids, centre = (old.id, new.id), scene.centre.id
        db.session.commit()
    assert run(real_app, partial(file_as, centre, ids[1])) == []
    with real_app.app_context():
        assert agreement_of(ids[0]).state is AgreementState.SUPERSEDED
        assert agreement_of(ids[1]).state is AgreementState.FILED
