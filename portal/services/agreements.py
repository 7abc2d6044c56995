"""An agreement on the hospitals' side: drafted, edited, opened for signing, submitted, taken back.

Signing and the centre's decision have modules of their own; callers find all of it here.
"""

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementAnnex,
    AgreementRevision,
    Pairing,
    Side,
    User,
)
from portal.policies.agreement_text import draft_clauses, required_keys
from portal.policies.agreement_words import chinese_date
from portal.policies.agreements import can_draft, can_edit
from portal.policies.decision import require
from portal.services.agreement_drafts import facts_of, next_revision
from portal.services.agreement_filing import file_agreement, return_agreement
from portal.services.agreement_signing import attach_scan, sign_agreement
from portal.services.agreement_steps import (
    check_editable,
    hold_plan,
    lock,
    name_parties,
    named,
    take,
)
from portal.workflow import check_version, record
from portal.workflow.annexes import annexes_today

__all__ = [
    "attach_scan",
    "check_editable",
    "draft_agreement",
    "file_agreement",
    "open_signing",
    "reopen_draft",
    "return_agreement",
    "save_agreement",
    "sign_agreement",
    "submit_agreement",
    "take_back_agreement",
]


def draft_agreement(pairing: Pairing, *, actor: User) -> Agreement:
    """Draft the pairing's agreement from the clause skeleton, with the facts of today.

    Raises Forbidden, or StepRefused when the pairing already has an agreement: what is in
    force is changed by :mod:`portal.services.agreement_changes`.
    """
    require(can_draft(actor, pairing))
    filed = sa.select(Agreement.filing_number).where(
        Agreement.pairing_id == pairing.id, Agreement.filed_at.is_not(None)
    )
    if number := db.session.scalar(filed.order_by(Agreement.id.desc()).limit(1)):
        raise StepRefused(
            f"本结对已有备案协议（{number}）。需要变更或续签的，请在该协议页面办理；"
            "协议已提前终止的，本周期内不再另行签订。"
        )
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
    lock(agreement)
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
    changes += named("修改条款", edited)
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


def open_signing(
    agreement: Agreement,
    *,
    actor: User,
    first: Side | None = None,
    seen_version: int | None = None,
) -> Agreement:
    """Lock the text, keep the seven annexes and both names as they
    read now, and ask both leaders to sign.

    ``first`` is the side that signs before the other; None leaves the order free.
    """
    order = f"{first.label}先签" if first else "不限先后"
    take(
        agreement,
        "open_signing",
        actor=actor,
        seen_version=seen_version,
        details=[("签署顺序", order)],
    )
    agreement.first_to_sign = first
    now = clock.now()
    name_parties(agreement)
    agreement.current.annexes = [
        AgreementAnnex(kind=kind, content=content, taken_at=now)
        for kind, content in annexes_today(agreement.pairing).items()
    ]
    db.session.flush()
    return agreement


def reopen_draft(
    agreement: Agreement, *, actor: User, reason: str = "", seen_version: int | None = None
) -> Agreement:
    """Take the agreement back from signing; signatures, scan and annexes kept are void."""
    lock(agreement)
    revision = agreement.current
    voided = [("签署作废", f"{mark.side.label} {mark.shown_name}") for mark in revision.signatures]
    if revision.scan:
        voided.append(("扫描件撤下", revision.scan.name))
    take(
        agreement,
        "reopen_draft",
        actor=actor,
        seen_version=seen_version,
        comment=reason,
        details=voided,
    )
    revision.signatures.clear()
    revision.annexes.clear()
    revision.supporting_name = revision.supported_name = ""
    revision.scan = None
    db.session.flush()
    return agreement


def submit_agreement(
    agreement: Agreement, *, actor: User, seen_version: int | None = None
) -> Agreement:
    """Send the signed agreement to the centre; the first time decides about lateness (H-36)."""
    hold_plan(agreement)
    take(agreement, "submit", actor=actor, seen_version=seen_version)
    now = clock.now()
    agreement.submitted_by_id = actor.id
    agreement.submitted_at = now
    agreement.first_submitted_at = agreement.first_submitted_at or now
    agreement.return_reason = ""
    agreement.current.submitted_at = now
    db.session.flush()
    return agreement


def take_back_agreement(
    agreement: Agreement, *, reason: str, actor: User, seen_version: int | None = None
) -> Agreement:
    """Take a submitted agreement back before it is filed; the work goes on in a new revision.

    What was submitted stays as it was, and the centre is told on its workbench and in its
    register. Raises Rejected({"comment": …}) without a reason, StepRefused once it is decided.
    """
    take(agreement, "take_back", actor=actor, seen_version=seen_version, comment=reason)
    now = clock.now()
    revision = agreement.current
    revision.withdrawn_at, revision.withdrawn_reason = now, reason.strip()
    agreement.revisions.append(next_revision(revision, now))
    db.session.flush()
    return agreement


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
