"""Changes to a piece of evidence: its details, its file, and its withdrawal.

Whatever a closed round, a filed agreement or a final assessment rests on is never changed,
and nothing is changed while somebody decides about it (design/domain.md, Evidence).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    Assessment,
    Evidence,
    EvidenceKind,
    EvidenceRevision,
    EvidenceStatus,
    EvidenceUse,
    MetTarget,
    Plan,
    StoredFile,
    Task,
    User,
)
from portal.policies.decision import require
from portal.policies.evidence import can_change, can_withdraw
from portal.policies.evidence_holds import Hold
from portal.queries.evidence_holds import holds_on
from portal.services.texts import demand
from portal.workflow import record, transition
from portal.workflow.engine import check_version
from portal.workflow.evidence import EVIDENCE

MAX_TITLE, MAX_PROVES, MAX_NOTE, MAX_REASON = 200, 200, 200, 5000
EARLIEST_YEAR = 2000
"""Nothing of these programmes was written before."""

LATEST_YEAR = 2100


@dataclass(frozen=True)
class Details:
    """What is said of a piece of evidence; its file says the rest."""

    title: str
    kind: EvidenceKind
    proves: str
    evidence_on: date
    expires_on: date | None

    @classmethod
    def of(cls, evidence: Evidence) -> "Details":
        """Return what is said now."""
        return cls(
            evidence.title,
            evidence.kind,
            evidence.proves,
            evidence.evidence_on,
            evidence.expires_on,
        )

    def labelled(self) -> list[tuple[str, str]]:
        """Return each field's name and value in words."""
        return [
            ("名称", self.title),
            ("类别", self.kind.label),
            ("证明事项", self.proves),
            ("材料日期", self.evidence_on.isoformat()),
            ("有效期至", self.expires_on.isoformat() if self.expires_on else "长期"),
        ]


def check_details(details: Details) -> None:
    """Raise Rejected with a sentence for each field that cannot be kept."""
    wrong = {}
    if not details.title or len(details.title) > MAX_TITLE:
        wrong["title"] = f"请填写材料名称，最多 {MAX_TITLE} 个字。"
    if len(details.proves) > MAX_PROVES:
        wrong["proves"] = f"证明事项最多 {MAX_PROVES} 个字。"
    if sentence := why_wrong_day(details.evidence_on):
        wrong["evidence_on"] = sentence
    if details.expires_on and not details.evidence_on <= details.expires_on:
        wrong["expires_on"] = "有效期不能早于材料日期。"
    elif details.expires_on and details.expires_on.year > LATEST_YEAR:
        wrong["expires_on"] = f"有效期晚于 {LATEST_YEAR} 年，请检查年份；长期有效的留空。"
    if wrong:
        raise Rejected(wrong)


def why_wrong_day(evidence_on: date) -> str:
    """Return why no evidence can be of that day: one to come, or a slip of the finger."""
    if evidence_on.year < EARLIEST_YEAR:
        return f"材料日期早于 {EARLIEST_YEAR} 年，请检查年份。"
    return "材料日期不能晚于今天。" if evidence_on > clock.today() else ""


def save_details(
    evidence: Evidence, details: Details, *, seen_version: int | None, actor: User
) -> None:
    """Change what is said of a piece; one that was already reviewed is reviewed anew.

    Raises Forbidden, StepRefused while something rests on it, StaleEdit or Rejected.
    """
    require(can_change(actor, evidence))
    holds = lock_with_uses(evidence, actor)
    check_version(evidence, seen_version)
    check_details(details)
    was = Details.of(evidence).labelled()
    changed = [
        (label, f"{before or '（空）'} → {after or '（空）'}")
        for (label, before), (_, after) in zip(was, details.labelled(), strict=True)
        if before != after
    ]
    if not changed:
        return
    _require_free(holds)
    for name, value in vars(details).items():
        setattr(evidence, name, value)
    if evidence.status is EvidenceStatus.PENDING:
        record(
            evidence,
            EVIDENCE.object_type,
            action="details_changed",
            title="修改材料信息",
            actor=actor,
            details=changed,
        )
    else:
        transition(EVIDENCE, evidence, "amend", actor=actor, details=changed)
        _forget_review(evidence)
    db.session.flush()


def revise_evidence(
    evidence: Evidence,
    file: StoredFile,
    *,
    note: str,
    actor: User,
    seen_version: int | None = None,
) -> EvidenceRevision:
    """Put a new file in the place of the old one, which stays readable, and review it anew.

    ``note`` says why. Raises Forbidden, StepRefused while something rests on it, StaleEdit, or
    Rejected: no note, or the same bytes again.
    """
    require(can_change(actor, evidence))
    holds = lock_with_uses(evidence, actor)
    check_version(evidence, seen_version)
    note = demand(note, "note", "请写明为什么换新版本。", MAX_NOTE)
    if file.sha256 == evidence.file.sha256:
        raise Rejected({"file": "新文件与现在的文件内容相同，请选择修改后的文件。"})
    _require_free(holds)
    revision = EvidenceRevision(
        number=evidence.revision_number + 1,
        file=file,
        added_by=actor,
        added_at=clock.now(),
        note=note,
    )
    details = [
        ("版本", f"第 {evidence.revision_number} 版 → 第 {revision.number} 版"),
        ("文件", f"{evidence.file.name} → {file.name}"),
    ]
    transition(EVIDENCE, evidence, "revise", actor=actor, comment=note, details=details)
    _forget_review(evidence)
    evidence.revisions.append(revision)
    evidence.file = file
    db.session.flush()
    return revision


def withdraw_evidence(
    evidence: Evidence, *, reason: str, actor: User, seen_version: int | None = None
) -> None:
    """Declare a piece of evidence a mistake; it stays readable, struck out, with its reason.

    Raises Forbidden, StaleEdit, Rejected without a reason, StepRefused when it is withdrawn
    already, when something rests on it, or while somebody decides about what uses it.
    """
    require(can_withdraw(actor, evidence))
    holds = lock_with_uses(evidence, actor)
    check_version(evidence, seen_version)
    if evidence.status is EvidenceStatus.WITHDRAWN:
        raise StepRefused("这份材料已经撤回。")
    reason = demand(reason, "reason", "请填写撤回的理由。", MAX_REASON)
    _require_free(holds)
    # The table demands all of these at once; nothing may be written between them.
    with db.session.no_autoflush:
        evidence.withdrawn_at, evidence.withdrawn_reason = clock.now(), reason
        evidence.withdrawn_by_id = actor.id
        transition(EVIDENCE, evidence, "withdraw", actor=actor, comment=reason)
    tell_tasks(
        evidence, "evidence_withdrawn", "撤回佐证材料", reason=reason, tone="warning", actor=actor
    )
    db.session.flush()


def lock_with_uses(evidence: Evidence, actor: User) -> list[Hold]:
    """Hold everything that uses the piece, then its own row, until the transaction ends.

    In this order, because who decides about a task holds it before the evidence. Returns what
    keeps the piece as it is.
    """
    _lock_used_by([evidence.id])
    holds = holds_on(evidence, viewer=actor)
    names = [column.key for column in Evidence.__mapper__.column_attrs]
    db.session.refresh(evidence, names, with_for_update={"of": Evidence})
    return holds


def lock_pile(evidence_ids: Sequence[int]) -> None:
    """Hold all that uses any of these pieces, then the pieces, for one after another to be judged.

    Taken piece by piece, a task of the second would come after the first piece itself: two
    people with piles would wait for each other for ever.
    """
    _lock_used_by(evidence_ids)
    wanted = sa.select(Evidence.id).where(Evidence.id.in_(evidence_ids)).order_by(Evidence.id)
    db.session.execute(wanted.with_for_update(of=Evidence))


def _lock_used_by(evidence_ids: Sequence[int]) -> None:
    """Hold whatever uses any of these pieces, in the order of ids, and read it anew."""
    for model, column in (
        (Task, EvidenceUse.task_id),
        (Agreement, EvidenceUse.agreement_id),
        (Assessment, EvidenceUse.assessment_id),
    ):
        backed = sa.select(column).where(EvidenceUse.evidence_id.in_(evidence_ids))
        db.session.scalars(
            sa.select(model)
            .where(model.id.in_(backed))
            .order_by(model.id)
            .with_for_update(of=model)
            .execution_options(populate_existing=True)
        ).all()
    met = sa.select(MetTarget.plan_id).where(MetTarget.evidence_id.in_(evidence_ids))
    db.session.scalars(
        sa.select(Plan)
        .where(Plan.id.in_(met))
        .order_by(Plan.id)
        .with_for_update(of=Plan)
        .execution_options(populate_existing=True)
    ).all()


def _require_free(holds: Sequence[Hold]) -> None:
    """Raise StepRefused with what rests on the piece or is being decided about it."""
    if holds:
        raise StepRefused(holds[0].sentence, [hold.sentence for hold in holds[1:]])


def _forget_review(evidence: Evidence) -> None:
    """What was decided about the piece as it was says nothing about it as it is."""
    evidence.reviewed_by = evidence.reviewed_at = None
    evidence.review_reason = ""


def tell_tasks(
    evidence: Evidence, action: str, title: str, *, reason: str, tone: str, actor: User
) -> None:
    """Write what became of the piece into the history of every task that uses it."""
    tasks = {use.task for use in evidence.uses if use.task is not None}
    for task in sorted(tasks, key=lambda one: one.id):
        record(
            task,
            "task",
            action=action,
            title=title,
            actor=actor,
            comment=reason,
            tone=tone,
            details=[("材料", evidence.title)],
        )
