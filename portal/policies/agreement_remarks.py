"""What the centre asked for when it returned an agreement, and what of it is still open."""

from portal.models import Agreement, AgreementRemark, AgreementRevision


def last_returned(agreement: Agreement, revision: AgreementRevision) -> AgreementRevision | None:
    """Return the last revision before ``revision`` that the centre sent back."""
    earlier = [one for one in agreement.revisions if one.number < revision.number]
    return next((one for one in reversed(earlier) if one.returned_at), None)


def remarks_on(agreement: Agreement, revision: AgreementRevision) -> dict[str, AgreementRemark]:
    """Return, by clause or annex, what the centre asked for before ``revision`` was written."""
    returned = last_returned(agreement, revision)
    return {one.clause_key: one for one in returned.remarks} if returned else {}


def unsettled(agreement: Agreement) -> list[AgreementRemark]:
    """Return the remarks of the last return that were neither answered nor followed.

    A clause is settled by any change since it was returned; an annex is written by the portal,
    so that only an answer settles a remark on it.
    """
    returned = last_returned(agreement, agreement.current)
    if returned is None:
        return []
    before, now = _bodies(returned), _bodies(agreement.current)
    return [
        one
        for one in returned.remarks
        if not one.answer.strip() and before.get(one.clause_key) == now.get(one.clause_key)
    ]


def remark_gap(remark: AgreementRemark) -> str:
    """Return the sentence that asks to settle ``remark``."""
    return f"省中心对“{remark.clause_title}”的退回意见还没有处理，请修改或填写答复"


def _bodies(revision: AgreementRevision) -> dict[str, str]:
    """Return the text of every clause by its key. Annexes are not among them."""
    return {clause.key: clause.body for clause in revision.clauses}
