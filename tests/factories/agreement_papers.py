"""What stands around an agreement: deputies, changes, early ends. All through the services."""

from datetime import timedelta

from portal import clock
from portal.models import Agreement, AgreementKind, AgreementTermination, SigningDelegation, User
from portal.services import agreement_changes, agreements, delegations, terminations
from tests.factories.agreements import coordinator_of, filed_agreement, sign_and_scan
from tests.factories.scenes import Scene


def delegation(
    scene: Scene, *, deputy: User | None = None, leader: User | None = None, days: int = 7
) -> SigningDelegation:
    """Let the supported side's coordinator sign for the leader, from today on."""
    today = clock.today()
    return delegations.delegate_signing(
        leader or scene.supported_leader,
        deputy or scene.supported_coordinator,
        starts_on=today,
        ends_on=today + timedelta(days=days),
        reason="外出培训",
    )


def amendment(
    scene: Scene, agreement: Agreement | None = None, *, kind: AgreementKind | None = None
) -> Agreement:
    """Draft what is to replace the agreement in force."""
    agreement = agreement or filed_agreement(scene)
    return agreement_changes.start_change(
        agreement,
        kind=kind or AgreementKind.AMENDMENT,
        reason="调整派驻人数。",
        actor=coordinator_of(agreement.pairing, scene),
    )


def submit(agreement: Agreement, scene: Scene) -> Agreement:
    """Take a draft to the centre."""
    coordinator = coordinator_of(agreement.pairing, scene)
    agreements.open_signing(agreement, actor=coordinator)
    sign_and_scan(agreement, scene)
    return agreements.submit_agreement(agreement, actor=coordinator)


def asked_to_end(agreement: Agreement, scene: Scene) -> AgreementTermination:
    """The supporting side's leader asks for the early end, in a month."""
    return terminations.request_termination(
        agreement,
        reason="医院整合，无法继续承担帮扶。",
        ends_on=clock.today() + timedelta(days=30),
        actor=scene.supporting_leader,
    )


def agreed_to_end(agreement: Agreement, scene: Scene) -> AgreementTermination:
    """The other side's leader has agreed; the commission decides."""
    return terminations.answer_termination(
        asked_to_end(agreement, scene), agrees=True, actor=scene.supported_leader
    )


def ended(agreement: Agreement, scene: Scene) -> AgreementTermination:
    """The commission has consented."""
    return terminations.decide_termination(
        agreed_to_end(agreement, scene), consents=True, actor=scene.commission
    )
