"""Agreements, one builder for each state. All of them go through the services, as people do."""

from io import BytesIO

from portal.extensions import db
from portal.models import (
    Agreement,
    Duty,
    GroupRole,
    Pairing,
    Plan,
    Role,
    Side,
    User,
)
from portal.policies.agreement_checks import ByEye
from portal.policies.agreement_remarks import unsettled
from portal.services import agreements, groups
from portal.services.agreement_clauses import answer_remarks
from portal.services.files import keep_upload
from portal.services.groups import MemberEntry
from tests.factories.evidence import pdf_bytes
from tests.factories.people import make_user
from tests.factories.plans import agreed_plan
from tests.factories.scenes import Scene

BY_EYE = tuple(ByEye)
"""Everything the reviewer looks at before filing."""

COMPLETE_GROUP = (
    MemberEntry("林一川", Side.SUPPORTING, "院长", GroupRole.LEADER, Duty.BASE_HEAD),
    MemberEntry("王二海", Side.SUPPORTED, "副院长", GroupRole.DEPUTY, Duty.EXECUTIVE),
    MemberEntry("陈三山", Side.SUPPORTING, "科教科科长", GroupRole.MEMBER, Duty.TRAINING_OFFICE),
    MemberEntry("黄六安", Side.SUPPORTED, "科教科科长", GroupRole.MEMBER, Duty.TRAINING_OFFICE),
    MemberEntry("吴四林", Side.SUPPORTING, "主任", GroupRole.MEMBER, Duty.GP_DIRECTOR),
    MemberEntry("符五江", Side.SUPPORTED, "主任", GroupRole.MEMBER, Duty.GP_DIRECTOR),
)


def coordinator_of(pairing: Pairing, scene: Scene) -> User:
    """Return the supporting hospital's coordinator."""
    known = (scene.supporting_coordinator, scene.foreign_coordinator)
    return _at(pairing, Side.SUPPORTING, Role.BASE_COORDINATOR, known)


def leader_of(pairing: Pairing, side: Side, scene: Scene) -> User:
    """Return the leader of one side."""
    known = (scene.supporting_leader, scene.supported_leader, scene.foreign_leader)
    return _at(pairing, side, Role.BASE_LEADER, known)


def complete_group(pairing: Pairing, scene: Scene) -> None:
    """Fill every seat that the notice names."""
    groups.save_group(
        pairing,
        COMPLETE_GROUP,
        established_on=None,
        seen_version=None,
        actor=coordinator_of(pairing, scene),
    )
    db.session.refresh(pairing)


def ready_pairing(scene: Scene, pairing: Pairing | None = None) -> Plan:
    """Give the pairing all that an agreement needs: a complete group and an agreed plan."""
    pairing = pairing or scene.pairing
    complete_group(pairing, scene)
    return agreed_plan(pairing, scene)


def draft_agreement(scene: Scene, pairing: Pairing | None = None) -> Agreement:
    """Draft an agreement with nothing missing, group and plan included."""
    pairing = pairing or scene.pairing
    ready_pairing(scene, pairing)
    return agreements.draft_agreement(pairing, actor=coordinator_of(pairing, scene))


def signing_agreement(scene: Scene, pairing: Pairing | None = None) -> Agreement:
    """Wait for both leaders."""
    agreement = draft_agreement(scene, pairing)
    return agreements.open_signing(agreement, actor=coordinator_of(agreement.pairing, scene))


def signed_agreement(scene: Scene, pairing: Pairing | None = None) -> Agreement:
    """Signed by both and scanned, ready to be submitted."""
    return sign_and_scan(signing_agreement(scene, pairing), scene)


def submitted_agreement(scene: Scene, pairing: Pairing | None = None) -> Agreement:
    """Wait for the centre."""
    agreement = signed_agreement(scene, pairing)
    return agreements.submit_agreement(agreement, actor=coordinator_of(agreement.pairing, scene))


def returned_agreement(
    scene: Scene, pairing: Pairing | None = None, *, reason: str = "请补充经费条款。"
) -> Agreement:
    """Sent back by the centre; its second revision is open."""
    agreement = submitted_agreement(scene, pairing)
    return agreements.return_agreement(agreement, reason=reason, actor=scene.centre)


def filed_agreement(scene: Scene, pairing: Pairing | None = None) -> Agreement:
    """Filed by the centre, its plan in force."""
    return agreements.file_agreement(
        submitted_agreement(scene, pairing), checked=BY_EYE, actor=scene.centre
    )


def agreement_in(state: str, scene: Scene) -> Agreement:
    """Build the agreement that stands in ``state``."""
    makers = {
        "draft": draft_agreement,
        "signing": signing_agreement,
        "signed": signed_agreement,
        "submitted": submitted_agreement,
        "returned": returned_agreement,
        "filed": filed_agreement,
    }
    return makers[state](scene)


def sign_and_scan(agreement: Agreement, scene: Scene) -> Agreement:
    """Let both leaders sign and attach a scan."""
    pairing = agreement.pairing
    for side in Side:
        agreements.sign_agreement(agreement, actor=leader_of(pairing, side, scene))
    return attach_pdf(agreement, scene)


def attach_pdf(agreement: Agreement, scene: Scene, name: str = "协议扫描件.pdf") -> Agreement:
    """Attach a scan."""
    return agreements.attach_scan(
        agreement,
        keep_upload(name, BytesIO(pdf_bytes(name))),
        actor=coordinator_of(agreement.pairing, scene),
    )


def answer_return(
    agreement: Agreement, scene: Scene, *, key: str = "funding", body: str = "双方经费另行约定。"
) -> Agreement:
    """Mend one clause of a returned agreement, answer what else was asked, sign and resubmit."""
    coordinator = coordinator_of(agreement.pairing, scene)
    revision = agreement.current
    agreements.save_agreement(
        agreement,
        starts_on=revision.starts_on,
        ends_on=revision.ends_on,
        bodies={key: body},
        seen_version=None,
        actor=coordinator,
    )
    asked = {one.clause_key: one for one in unsettled(agreement)}
    answer_remarks(agreement, asked, dict.fromkeys(asked, "已补充。"), actor=coordinator)
    agreements.open_signing(agreement, actor=coordinator)
    sign_and_scan(agreement, scene)
    return agreements.submit_agreement(agreement, actor=coordinator)


def _at(pairing: Pairing, side: Side, role: Role, known: tuple[User, ...]) -> User:
    """Return the one of ``known`` who works there, or an account made for it."""
    hospital = pairing.organisation_on(side)
    for user in known:
        if user.organisation_id == hospital.id and user.role is role:
            return user
    return make_user(role, hospital)
