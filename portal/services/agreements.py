"""An agreement from its draft to its filing: every write there is."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementRevision,
    AgreementSignature,
    AgreementState,
    Pairing,
    Programme,
    User,
)
from portal.models.files import ShownAs
from portal.policies.agreement_text import (
    Remark,
    chinese_date,
    compose_reason,
    draft_clauses,
    required_keys,
)
from portal.policies.agreements import EDITABLE, can_draft, can_edit, can_sign
from portal.policies.decision import require
from portal.policies.scope import side_of
from portal.services.agreement_drafts import facts_of, next_revision
from portal.services.files import Kept, record_file
from portal.services.plans import put_in_force
from portal.workflow import check_version, record, transition
from portal.workflow.agreements import WORKFLOW, awaits_filing, plan_of

NUMBER = "琼全科帮扶备〔{year}〕{sequence}号"


def draft_agreement(pairing: Pairing, *, actor: User) -> Agreement:
    """Draft the pairing's agreement from the clause skeleton, with the facts of today.

    Raises Forbidden, or StepRefused when the pairing already has a live agreement.
    """
    require(can_draft(actor, pairing))
    now = clock.now()
    agreement = Agreement(
        programme_id=pairing.programme_id,
        pairing=pairing,
        created_by_id=actor.id,
        created_at=now,
        state_since=now,
        revisions=[
            AgreementRevision(
                number=1,
                starts_on=pairing.programme.starts_on,
                ends_on=pairing.programme.ends_on,
                created_at=now,
                clauses=draft_clauses(facts_of(pairing)),
            )
        ],
    )
    try:
        # Two coordinators at once: the index on live agreements lets one of them win.
        with db.session.begin_nested():
            db.session.add(agreement)
    except IntegrityError:
        raise StepRefused("本结对已经有一份协议，请在原协议上修改。") from None
    record(agreement, "agreement", action="drafted", title="起草协议", actor=actor, tone="info")
    return agreement


def save_agreement(
    agreement: Agreement,
    *,
    starts_on: date,
    ends_on: date,
    bodies: Mapping[str, str],
    seen_version: int | None,
    actor: User,
) -> Agreement:
    """Save the clauses (key → text) and the term of the current revision.

    Raises Forbidden, StepRefused (not editable now), StaleEdit, or Rejected naming the fields
    ``ends_on`` and ``clause_<key>``.
    """
    require(can_edit(actor, agreement))
    _lock(agreement)
    check_editable(agreement)
    check_version(agreement, seen_version)
    revision = agreement.current
    _check_text(revision, starts_on, ends_on, bodies)
    changes: list[tuple[str, str]] = []
    if (starts_on, ends_on) != (revision.starts_on, revision.ends_on):
        changes.append(("协议期限", f"{chinese_date(starts_on)}至{chinese_date(ends_on)}"))
        revision.starts_on, revision.ends_on = starts_on, ends_on
    edited = []
    for clause in revision.clauses:
        body = bodies.get(clause.key, clause.body).replace("\r\n", "\n").strip()
        if body != clause.body:
            edited.append(clause.title)
            clause.body = body
    changes += _named("修改条款", edited)
    if changes:
        # The clauses are rows of their own: the agreement's version counts their edits.
        flag_modified(agreement, "created_at")
        record(
            agreement,
            "agreement",
            action="edited",
            title="修改协议文本",
            actor=actor,
            details=changes,
        )
    db.session.flush()
    return agreement


def check_editable(agreement: Agreement) -> None:
    """Raise StepRefused unless the text may be changed now."""
    if agreement.state not in EDITABLE:
        advice = "请先撤回修改。" if agreement.state is AgreementState.SIGNING else ""
        raise StepRefused(f"协议当前状态为“{agreement.state.label}”，文本已锁定。{advice}")


def open_signing(
    agreement: Agreement, *, actor: User, seen_version: int | None = None
) -> Agreement:
    """Lock the text and ask both leaders to sign it."""
    _take(agreement, "open_signing", actor=actor, seen_version=seen_version)
    db.session.flush()
    return agreement


def reopen_draft(
    agreement: Agreement, *, actor: User, reason: str = "", seen_version: int | None = None
) -> Agreement:
    """Take the agreement back from signing; signatures and scan of this text are void."""
    _lock(agreement)
    revision = agreement.current
    voided = [("签署作废", f"{mark.side.label} {mark.name}") for mark in revision.signatures]
    if revision.scan:
        voided.append(("扫描件撤下", revision.scan.name))
    _take(
        agreement,
        "reopen_draft",
        actor=actor,
        seen_version=seen_version,
        comment=reason,
        details=voided,
    )
    revision.signatures.clear()
    revision.scan = None
    db.session.flush()
    return agreement


def sign_agreement(
    agreement: Agreement, *, actor: User, seen_version: int | None = None
) -> AgreementSignature:
    """Sign for the actor's own side, recorded with name, title and time.

    Raises Forbidden, StepRefused (not being signed, or this side has signed) or StaleEdit
    when the text is no longer the one that the leader read.
    """
    require(can_sign(actor, agreement))
    _lock(agreement)
    _require_signing(agreement, "签署")
    check_version(agreement, seen_version)
    side = side_of(actor, agreement.pairing)
    if side is None:  # can_sign has made sure of it; mypy has not.
        raise StepRefused("只能代表本单位签署。")
    revision = agreement.current
    if mark := revision.signature_of(side):
        raise StepRefused(f"{side.label}已由{mark.name}签署，不能重复签署。")
    mark = AgreementSignature(
        side=side,
        user_id=actor.id,
        name=actor.name,
        job_title=actor.position,
        signed_at=clock.now(),
    )
    revision.signatures.append(mark)
    record(
        agreement,
        "agreement",
        action="signed",
        title=f"{side.label}负责人签署",
        actor=actor,
        tone="success",
        details=[("签署人", f"{actor.position} {actor.name}".strip())],
    )
    db.session.flush()
    return mark


def attach_scan(
    agreement: Agreement,
    scan: Kept,
    *,
    actor: User,
    seen_version: int | None = None,
) -> Agreement:
    """Attach the signed and sealed scan, a PDF or a picture; a later one takes its place.

    Raises Forbidden, StepRefused, StaleEdit (the scan is of a text that was taken back since),
    or Rejected({"file": …}).
    """
    require(can_edit(actor, agreement))
    _lock(agreement)
    _require_signing(agreement, "上传扫描件")
    check_version(agreement, seen_version)
    file = record_file(scan.stored, scan.checked, pairing=agreement.pairing, actor=actor)
    if file.shown_as not in (ShownAs.PDF, ShownAs.PICTURE):
        raise Rejected({"file": "签署扫描件须为 PDF 或图片（JPG、PNG）格式。"})
    revision = agreement.current
    replaced = [("替换原件", revision.scan.name)] if revision.scan else []
    revision.scan = file
    record(
        agreement,
        "agreement",
        action="scan",
        title="上传签署扫描件",
        actor=actor,
        details=[("文件", file.name), ("SHA-256", file.sha256), *replaced],
    )
    db.session.flush()
    return agreement


def submit_agreement(
    agreement: Agreement, *, actor: User, seen_version: int | None = None
) -> Agreement:
    """Send the signed agreement to the centre; the first time decides about lateness (H-36)."""
    _take(agreement, "submit", actor=actor, seen_version=seen_version)
    now = clock.now()
    agreement.submitted_by_id = actor.id
    agreement.submitted_at = now
    agreement.first_submitted_at = agreement.first_submitted_at or now
    agreement.return_reason = ""
    agreement.current.submitted_at = now
    db.session.flush()
    return agreement


def file_agreement(
    agreement: Agreement, *, actor: User, seen_version: int | None = None
) -> Agreement:
    """File the agreement under the next number of its programme and year; the plan begins.

    Two reviewers at once wait for each other at the programme's row, so that numbers are
    neither doubled nor skipped.
    """
    pairing = agreement.pairing
    db.session.execute(
        sa.select(Programme.id)
        .where(Programme.id == agreement.programme_id)
        .with_for_update(of=Programme)
    )
    now = clock.now()
    year = clock.local_date(now).year
    sequence = _next_sequence(agreement.programme_id, year)
    number = NUMBER.format(year=year, sequence=sequence)
    _take(
        agreement,
        "file",
        actor=actor,
        seen_version=seen_version,
        details=[("备案号", number)],
    )
    agreement.filing_year, agreement.filing_sequence = year, sequence
    agreement.filing_number = number
    agreement.filed_by_id, agreement.filed_at = actor.id, now
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

    What was submitted stays as it was; the work goes on in the next revision.
    Raises Rejected({"comment": …}) when nothing is said.
    """
    full = compose_reason(reason, remarks)
    _take(
        agreement,
        "return",
        actor=actor,
        seen_version=seen_version,
        comment=full,
        details=_named("涉及条款", [remark.clause for remark in remarks]),
    )
    agreement.return_reason = full
    now = clock.now()
    revision = agreement.current
    revision.returned_at, revision.return_reason = now, full
    agreement.revisions.append(next_revision(revision, now))
    db.session.flush()
    return agreement


def _take(
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
    _lock(agreement)
    step = WORKFLOW.step(action)
    require(step.may(actor, agreement))
    if agreement.state in step.sources:
        check_version(agreement, seen_version)
    transition(WORKFLOW, agreement, action, actor=actor, comment=comment, details=details)


def _lock(agreement: Agreement) -> None:
    """Read the agreement again and hold it: whoever acts at the same time waits or is told."""
    db.session.refresh(agreement, with_for_update={"of": Agreement})
    db.session.expire(agreement.current)


def _require_signing(agreement: Agreement, what: str) -> None:
    if agreement.state is not AgreementState.SIGNING:
        raise StepRefused(f"协议当前状态为“{agreement.state.label}”，不能{what}。")


def _named(label: str, titles: Sequence[str]) -> list[tuple[str, str]]:
    """Return one detail for the history that names all ``titles``, or none."""
    return [(label, "、".join(titles))] if titles else []


def _next_sequence(programme_id: int, year: int) -> int:
    """Return the number after the highest of the year. The programme's row must be held."""
    last = db.session.scalar(
        sa.select(sa.func.max(Agreement.filing_sequence)).where(
            Agreement.programme_id == programme_id, Agreement.filing_year == year
        )
    )
    return (last or 0) + 1


def _check_text(
    revision: AgreementRevision, starts_on: date, ends_on: date, bodies: Mapping[str, str]
) -> None:
    """Refuse a term that ends before it begins, and a required clause without text."""
    wrong: dict[str, str] = {}
    if ends_on <= starts_on:
        wrong["ends_on"] = "终止日期应晚于起始日期。"
    required = required_keys()
    for clause in revision.clauses:
        if clause.key in required and not bodies.get(clause.key, clause.body).strip():
            wrong[f"clause_{clause.key}"] = "本条为必备条款，可以修改，不能清空。"
    if wrong:
        raise Rejected(wrong)
