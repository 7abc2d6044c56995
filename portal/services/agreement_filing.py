"""The centre's decision about an agreement: filed under a number with its hash, or returned."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Agreement, AgreementRemark, AgreementState, Programme, User
from portal.policies.agreement_checks import HASH_POINT, ByEye, Verdict
from portal.policies.agreement_seal import seal_of
from portal.policies.agreement_text import Remark, compose_reason
from portal.policies.agreements import can_review
from portal.policies.decision import require
from portal.queries.agreements import scan_is_intact
from portal.services.agreement_drafts import next_revision
from portal.services.agreement_steps import hold_plan, lock, name_parties, named, take
from portal.services.plans import put_in_force
from portal.services.terminations import lapse_request
from portal.workflow import transition
from portal.workflow.agreements import WORKFLOW, awaits_filing, plan_of

NUMBER = "琼全科帮扶备〔{year}〕{sequence}号"


def file_agreement(
    agreement: Agreement,
    *,
    actor: User,
    checked: Collection[ByEye],
    seen_version: int | None = None,
) -> Agreement:
    """File the agreement under the next number of its programme and year; the plan begins.

    Two reviewers at once wait for each other at the programme's row, so that numbers are
    neither doubled nor skipped. What it replaces is superseded in the same transaction.
    The hash over text, annexes, signatures and scan is taken now and stands on the receipt.
    ``checked`` are the points that the reviewer looked at and found right; what was found
    stands in the history. Raises Rejected naming each point that was not looked at.
    """
    require(can_review(actor, agreement))
    pairing = agreement.pairing
    hold_plan(agreement)
    db.session.execute(
        sa.select(Programme.id)
        .where(Programme.id == agreement.programme_id)
        .with_for_update(of=Programme)
    )
    now = clock.now()
    year = clock.local_date(now).year
    sequence = _next_sequence(agreement.programme_id, year)
    number = NUMBER.format(year=year, sequence=sequence)
    found = _findings(agreement, actor, checked)
    old = agreement.replaces
    if old is not None:
        lock(old)
        lapse_request(old, number=number, actor=actor)
    # Both steps reach the database in one flush, the older row first: never two in force.
    with db.session.no_autoflush:
        take(
            agreement,
            "file",
            actor=actor,
            seen_version=seen_version,
            details=[("备案号", number), *found],
        )
        agreement.filing_year, agreement.filing_sequence = year, sequence
        agreement.filing_number = number
        agreement.filed_by_id, agreement.filed_at = actor.id, now
        if old is not None:
            details = [("由新协议替代", number)]
            transition(WORKFLOW, old, "supersede", actor=actor, details=details)
    db.session.flush()
    name_parties(agreement)
    agreement.current.sha256 = seal_of(agreement, agreement.current)
    db.session.flush()
    plan = plan_of(pairing)
    if plan is not None and awaits_filing(plan):
        put_in_force(plan, actor=actor)
    return agreement


def return_agreement(
    agreement: Agreement,
    *,
    reason: str,
    actor: User,
    remarks: Sequence[Remark] = (),
    seen_version: int | None = None,
) -> Agreement:
    """Send the agreement back with a reason, or remarks on clauses, or both.

    What was submitted stays as it was, each remark beside its clause; the work goes on in the
    next revision. Raises Rejected({"comment": …}) when nothing is said.
    """
    rows = _remark_rows(agreement, remarks, actor)
    full = compose_reason(reason, remarks)
    take(
        agreement,
        "return",
        actor=actor,
        seen_version=seen_version,
        comment=full,
        details=named("涉及条款", [remark.clause for remark in remarks]),
    )
    agreement.return_reason = full
    now = clock.now()
    revision = agreement.current
    revision.returned_at, revision.return_reason = now, full
    revision.remarks.extend(rows)
    agreement.revisions.append(next_revision(revision, now))
    db.session.flush()
    return agreement


def _findings(
    agreement: Agreement, actor: User, checked: Collection[ByEye]
) -> list[tuple[str, str]]:
    """Return what the reviewer saw and what the portal computed, as the history keeps it.

    Says nothing about what is not waiting to be filed: the step itself refuses that.
    """
    scan = agreement.current.scan
    if agreement.state is not AgreementState.SUBMITTED or scan is None:
        return []
    if unseen := [point for point in ByEye if point not in checked]:
        raise Rejected({point.value: f"请核对“{point.label}”并勾选。" for point in unseen})
    day = clock.today().isoformat()
    seen = f"{Verdict.PASS.label}（审核人 {actor.name} {day} 核对）"
    verdict = Verdict.PASS if scan_is_intact(scan) else Verdict.FAIL
    computed = f"{verdict.label}（{day} 重新计算，SHA-256：{scan.sha256[:16]}…）"
    return [*((point.label, seen) for point in ByEye), (HASH_POINT, computed)]


def _next_sequence(programme_id: int, year: int) -> int:
    """Return the number after the highest of the year. The programme's row must be held."""
    last = db.session.scalar(
        sa.select(sa.func.max(Agreement.filing_sequence)).where(
            Agreement.programme_id == programme_id, Agreement.filing_year == year
        )
    )
    return (last or 0) + 1


def _remark_rows(
    agreement: Agreement, remarks: Sequence[Remark], actor: User
) -> list[AgreementRemark]:
    """Return the rows that keep each remark with its clause or annex."""
    keys = {clause.title: clause.key for clause in agreement.current.clauses}
    return [
        AgreementRemark(
            clause_key=one.key or keys[one.clause],
            clause_title=one.clause,
            reason=one.text.strip(),
            made_by_id=actor.id,
            made_at=clock.now(),
        )
        for one in remarks
    ]
