"""What comes next for an agreement: what is missing, who may do what, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal import clock
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    Pairing,
    Plan,
    SigningDelegation,
    TerminationState,
    User,
)
from portal.policies.agreement_remarks import remark_gap, unsettled
from portal.policies.agreements import (
    EDITABLE,
    IN_FORCE,
    can_draft,
    can_edit,
    can_sign,
    renewal_due_since,
    sides_to_sign,
)
from portal.policies.scope import side_of
from portal.policies.terminations import can_request
from portal.queries.delegations import leave_of, opened_signing
from portal.workflow.agreements import (
    WORKFLOW,
    group_missing,
    missing_for_filing,
    plan_missing,
    plan_of,
    signatures_missing,
    task_counts,
    text_missing,
)
from portal.workflow.annexes import outdated

BY_PRODUCTS = frozenset({"supersede", "terminate"})
"""Steps that follow from another thing's step and have no button of their own."""

OPEN_TERMINATIONS = (TerminationState.REQUESTED, TerminationState.AGREED)


@dataclass(frozen=True)
class Gap:
    """Something still missing, and where it is mended: group, plan, text, signing, or the clause or
    annex named by ``key``."""

    text: str
    place: str
    key: str = ""


@dataclass(frozen=True)
class Standing:
    """What group and plan of a pairing say at the moment."""

    group_gaps: list[str]
    plan: Plan | None
    counts: Mapping[Area, int]

    @property
    def gaps(self) -> list[Gap]:
        """What group and plan lack for an agreement."""
        return [
            *(Gap(text, "group") for text in self.group_gaps),
            *(Gap(text, "plan") for text in plan_missing(self.plan, dict(self.counts))),
        ]


def standing_of(pairing: Pairing) -> Standing:
    """Return what group and plan of ``pairing`` say; the caller has loaded it in scope."""
    plan = plan_of(pairing)
    return Standing(group_missing(pairing), plan, task_counts(plan))


def gaps_of(agreement: Agreement, standing: Standing) -> list[Gap]:
    """Return what the next step lacks."""
    if agreement.state is AgreementState.SUBMITTED:
        return [Gap(text, "plan") for text in missing_for_filing(agreement)]
    if agreement.state not in EDITABLE | {AgreementState.SIGNING}:
        return []
    text = [Gap(one, "text") for one in text_missing(agreement, dict(standing.counts))]
    if agreement.state in EDITABLE:
        asked = [Gap(remark_gap(one), "clause", one.clause_key) for one in unsettled(agreement)]
        return [*asked, *standing.gaps, *text]
    signing = [Gap(one, "signing") for one in signatures_missing(agreement)]
    changed = [Gap(one, "signing") for one in outdated(agreement.current, agreement.pairing)]
    return [*signing, *standing.gaps, *text, *changed]


@dataclass(frozen=True)
class Signing:
    """What the viewer can do about signing: sign (perhaps as a deputy), or why not now."""

    offered: bool = False
    leave: SigningDelegation | None = None
    note: str = ""


def signing_of(agreement: Agreement, viewer: User) -> Signing:
    """Return whether ``viewer`` signs now. Asks nothing unless the agreement is being signed."""
    side = side_of(viewer, agreement.pairing)
    if agreement.state is not AgreementState.SIGNING or side is None:
        return Signing()
    leave = leave_of(viewer, clock.today())
    if not can_sign(viewer, agreement, leave) or agreement.current.signature_of(side):
        return Signing()
    if side not in sides_to_sign(agreement):
        return Signing(note=f"本协议约定{side.other.label}先签，{side.other.label}签署后请您签署。")
    if leave is not None and viewer.id in (agreement.created_by_id, opened_signing(agreement)):
        return Signing(note="本稿由您提请签署，不能再由您代签；请由负责人本人或其他代签人签署。")
    return Signing(True, leave)


def actions_of(
    agreement: Agreement, viewer: User, *, signing: Signing, changing: bool, ending: bool
) -> frozenset[str]:
    """Return the names of what ``viewer`` may do now, checklist or not.

    ``changing``: another agreement is on its way to replace this one; ``ending``: its early
    end has been asked for.
    """
    actions = {step.action for step in WORKFLOW.open_to(agreement, viewer)} - BY_PRODUCTS
    if not agreement.replaces_id:
        actions.discard("abandon")
    if "open_signing" in actions:
        actions.add("edit")
    if "submit" in actions:
        actions.add("attach")
    if signing.offered:
        actions.add("sign")
    if agreement.state is IN_FORCE:
        if can_draft(viewer, agreement.pairing) and not changing:
            actions.add("amend")
            if renewal_due_since(agreement, clock.today()):
                actions.add("renew")
        if can_request(viewer, agreement) and not ending:
            actions.add("ask_end")
    if agreement.state in EDITABLE and can_edit(viewer, agreement):
        actions.add("answer")
    return frozenset(actions)


def steps_of(agreement: Agreement) -> list[dict[str, str]]:
    """Return the way an agreement goes, with where this one stands."""
    state = agreement.state
    order = [AgreementState.DRAFT, AgreementState.SIGNING, AgreementState.SUBMITTED, IN_FORCE]
    labels = ["起草", "双方签署", "省中心审核", "备案"]
    if state is AgreementState.RETURNED:
        return [{"label": "退回修改", "state": "returned"}] + [
            {"label": label, "state": "todo"} for label in labels[1:]
        ]
    over = state not in order
    here = order.index(state) if not over and state is not IN_FORCE else len(order)
    steps = [
        {"label": label, "state": "done" if at < here else "current" if at == here else "todo"}
        for at, label in enumerate(labels)
    ]
    if over and agreement.filed_at is None:
        return [{"label": "放弃起草", "state": "over"}]
    return [*steps, {"label": state.label, "state": "over"}] if over else steps
