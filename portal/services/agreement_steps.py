"""What every service that moves an agreement shares: the lock, the step, and the guards."""

from collections.abc import Sequence

from portal.errors import StepRefused
from portal.extensions import db
from portal.models import Agreement, AgreementState, Side, User
from portal.policies.agreements import EDITABLE
from portal.policies.decision import require
from portal.services import plan_changes
from portal.workflow import check_version, transition
from portal.workflow.agreements import WORKFLOW, plan_of


def take(
    agreement: Agreement,
    action: str,
    *,
    actor: User,
    seen_version: int | None,
    comment: str = "",
    details: Sequence[tuple[str, str]] = (),
) -> None:
    """Take one step of the workflow on the row as it is now, held until the end.

    The person is judged first, then whether the step is open, then whether the page was old:
    so that each is told what they can do something about.
    """
    lock(agreement)
    step = WORKFLOW.step(action)
    require(step.may(actor, agreement))
    if agreement.state in step.sources:
        check_version(agreement, seen_version)
    transition(WORKFLOW, agreement, action, actor=actor, comment=comment, details=details)


def lock(agreement: Agreement) -> None:
    """Read the agreement again and hold it: whoever acts at the same time waits or is told."""
    db.session.refresh(agreement, with_for_update={"of": Agreement})
    db.session.expire(agreement.current)


def hold_plan(agreement: Agreement) -> None:
    """Hold the pairing's plan before the agreement: whoever changes the plan in the same
    moment comes before the step and is seen by it, or after it and is told."""
    plan = plan_of(agreement.pairing)
    if plan is not None:
        plan_changes.lock(plan)


def name_parties(agreement: Agreement) -> None:
    """Keep with the text what both hospitals are called now, unless that is kept already."""
    revision = agreement.current
    for side in Side:
        setattr(revision, f"{side.value}_name", revision.party(side))


def check_editable(agreement: Agreement) -> None:
    """Raise StepRefused unless the text may be changed now."""
    if agreement.state not in EDITABLE:
        advice = "请先撤回修改。" if agreement.state is AgreementState.SIGNING else ""
        raise StepRefused(f"协议当前状态为“{agreement.state.label}”，文本已锁定。{advice}")


def require_signing(agreement: Agreement, what: str) -> None:
    """Raise StepRefused unless the agreement is being signed."""
    if agreement.state is not AgreementState.SIGNING:
        raise StepRefused(f"协议当前状态为“{agreement.state.label}”，不能{what}。")


def named(label: str, titles: Sequence[str]) -> list[tuple[str, str]]:
    """Return one detail for the history that names all ``titles``, or none."""
    return [(label, "、".join(titles))] if titles else []
