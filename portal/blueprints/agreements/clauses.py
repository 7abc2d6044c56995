"""One clause by itself: edited, filled anew from today's facts, its remark answered."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.forms import ClauseForm
from portal.errors import Rejected, StaleEdit
from portal.models import Agreement, AgreementClause
from portal.policies.agreement_text import articles, fingerprint, required_keys
from portal.policies.agreements import can_edit
from portal.policies.decision import require
from portal.queries import agreements as queries
from portal.queries.agreement_page import remarks_for
from portal.queries.text_diff import compare_texts
from portal.services import agreement_clauses as services
from portal.services.agreements import check_editable
from portal.web.accounts import actor
from portal.web.refusals import Refused, refusal_of
from portal.web.requests import leave_to, writes

NEXT = "next"
"""What the second button asks for, besides saving: the clause that follows."""


@bp.route("/agreements/<int:agreement_id>/clauses/<slug:key>", methods=["GET", "POST"])
@writes
def edit_clause(agreement_id: int, key: str) -> Response | str | tuple[str, int]:
    """Edit one clause and answer what the centre asked for there."""
    agreement = queries.get_agreement(agreement_id, viewer=actor())
    require(can_edit(actor(), agreement))
    clause = services.clause_of(agreement, key)
    form = ClauseForm()
    if locked := refusal_of(check_editable, agreement):
        return _page(agreement, clause, form, refused=locked), 409
    if request.method == "GET":
        form.fill(clause, remarks_for(agreement, agreement.current).get(key))
    elif form.validate():
        try:
            _save(agreement, key, form)
        except Rejected as refusal:
            form.add_errors(refusal.fields)
        except StaleEdit:
            return _page(agreement, services.clause_of(agreement, key), form, stale=True), 409
        else:
            flash(f"“{clause.title}”已保存。", "success")
            return leave_to(_following(agreement, key))
    return _page(agreement, clause, form), 422 if form.errors else 200


def _save(agreement: Agreement, key: str, form: ClauseForm) -> None:
    """Save the text, and the answer where there is something to answer."""
    remark = remarks_for(agreement, agreement.current).get(key)
    if remark is not None and "answer" in request.form:
        services.check_answer(agreement, remark, request.form.get("seen_answer"))
    services.save_clause(
        agreement,
        key,
        body=form.body.data or "",
        seen=request.form.get("seen"),
        actor=actor(),
    )
    if remark is not None and "answer" in request.form:
        answers = {key: form.answer.data or ""}
        services.answer_remarks(agreement, {key: remark}, answers, actor=actor())


def _following(agreement: Agreement, key: str) -> str:
    """Return where to go after saving: the next clause if asked for, else back to this one."""
    keys = [clause.key for clause in agreement.current.clauses]
    after = keys[keys.index(key) + 1 :]
    if request.form.get("then") == NEXT and after:
        return url_for("agreements.edit_clause", agreement_id=agreement.id, key=after[0])
    page = url_for("agreements.show_agreement", agreement_id=agreement.id, view="text")
    return f"{page}#clause-{key}"


def _page(
    agreement: Agreement,
    clause: AgreementClause,
    form: ClauseForm,
    *,
    stale: bool = False,
    refused: Refused | None = None,
) -> str:
    """Render the clause; ``?fresh=1`` shows beside it what today's facts would make of it."""
    fresh = None
    if request.method == "GET" and request.args.get("fresh"):
        fresh = services.fresh_text(agreement, clause.key)
    label = next((a.label for a in articles(agreement.current.clauses) if a.clause is clause), "")
    remark = remarks_for(agreement, agreement.current).get(clause.key)
    return render_template(
        "agreements/clause.html",
        agreement=agreement,
        pairing=agreement.pairing,
        clause=clause,
        name=f"{label} {clause.title}".strip(),
        form=form,
        seen=fingerprint(clause.body),
        required=clause.key in required_keys(),
        remark=remark,
        seen_answer=fingerprint(remark.answer) if remark else "",
        asked_fresh="fresh" in request.args,
        fresh=fresh,
        difference=compare_texts(clause.body, fresh) if fresh else None,
        stale=stale,
        refused=refused,
        editor=queries.last_edit(agreement) if stale else None,
        is_last=clause is agreement.current.clauses[-1],
    )
