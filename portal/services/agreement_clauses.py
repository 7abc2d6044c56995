"""One clause of an agreement: saved by itself, filled anew from today's facts, a remark answered.

Two people may work on different clauses at once: whoever saves says which text of the clause
they saw, and is told if somebody else has changed just that one.
"""

from collections.abc import Mapping

from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import NotVisible, Rejected, StaleEdit
from portal.extensions import db
from portal.models import Agreement, AgreementClause, AgreementRemark, User
from portal.policies.agreement_text import draft_clauses, fingerprint, required_keys
from portal.policies.agreements import can_edit
from portal.policies.decision import require
from portal.services.agreement_drafts import facts_of
from portal.services.agreement_steps import check_editable, lock
from portal.workflow import record


def clause_of(agreement: Agreement, key: str) -> AgreementClause:
    """Return the clause of the current revision. Raises NotVisible where there is none."""
    for clause in agreement.current.clauses:
        if clause.key == key:
            return clause
    raise NotVisible()


def fresh_text(agreement: Agreement, key: str) -> str | None:
    """Return what the skeleton says today with the pairing's present facts; None where the
    skeleton has no such clause any more."""
    fresh = {one.key: one.body for one in draft_clauses(facts_of(agreement.pairing))}
    return fresh.get(key)


def save_clause(
    agreement: Agreement, key: str, *, body: str, seen: str | None, actor: User
) -> AgreementClause:
    """Save one clause; ``seen`` is the fingerprint of the text that was on the page.

    Raises Forbidden, NotVisible, StepRefused (locked), StaleEdit or Rejected({"body": …}).
    """
    require(can_edit(actor, agreement))
    lock(agreement)
    check_editable(agreement)
    clause = clause_of(agreement, key)
    if seen is not None and seen != fingerprint(clause.body):
        raise StaleEdit()
    body = body.replace("\r\n", "\n").strip()
    if not body and key in required_keys():
        raise Rejected({"body": "本条为必备条款，可以修改，不能清空。"})
    if body != clause.body:
        clause.body = body
        # Whoever has the whole text open in a form is told that it is no longer the same.
        flag_modified(agreement, "created_at")
        record(
            agreement,
            "agreement",
            action="edited",
            title="修改协议文本",
            actor=actor,
            details=[("修改条款", clause.title)],
        )
    db.session.flush()
    return clause


def check_answer(agreement: Agreement, remark: AgreementRemark, seen: str | None) -> None:
    """Raise StaleEdit where ``seen``, the fingerprint of the answer that was on the page, is
    not that of the answer as it is now. Holds the agreement."""
    lock(agreement)
    db.session.refresh(remark)
    if seen is not None and seen != fingerprint(remark.answer):
        raise StaleEdit()


def answer_remarks(
    agreement: Agreement,
    remarks: Mapping[str, AgreementRemark],
    answers: Mapping[str, str],
    *,
    actor: User,
) -> None:
    """Keep what the hospitals say to the remarks of the last return (key → text).

    ``remarks`` come from queries/agreement_page.remarks_for. Raises Forbidden or StepRefused.
    """
    require(can_edit(actor, agreement))
    lock(agreement)
    check_editable(agreement)
    changed: list[tuple[str, str]] = []
    for key, remark in remarks.items():
        text = answers.get(key, remark.answer).replace("\r\n", "\n").strip()
        if text != remark.answer:
            remark.answer = text
            remark.answered_by, remark.answered_at = actor, clock.now()
            changed.append((remark.clause_title, text or "（撤回答复）"))
    if changed:
        # Answers are rows of their own: the agreement's version counts them with the text.
        flag_modified(agreement, "created_at")
        record(
            agreement,
            "agreement",
            action="answered",
            title="答复退回意见",
            actor=actor,
            details=changed,
        )
    db.session.flush()
