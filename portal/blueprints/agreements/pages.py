"""The page of one agreement, as every view that shows or refuses something renders it."""

from collections.abc import Iterable

from flask import render_template, request, url_for

from portal.blueprints.agreements.change_forms import (
    AbandonForm,
    ChangeForm,
    EndForm,
    EndWordForm,
)
from portal.blueprints.agreements.forms import (
    AttachScanForm,
    FileForm,
    OrderForm,
    ReturnForm,
    TakeBackForm,
    WithdrawForm,
    places_of,
    return_form,
)
from portal.models import Agreement, Pairing, Side
from portal.queries.agreement_now import Gap
from portal.queries.agreement_page import AgreementPage, agreement_page
from portal.queries.evidence_attached import attached_to
from portal.web.accounts import actor
from portal.workflow.terminations import WORKFLOW as TERMINATION

COMPARE, TEXT = "compare", "text"


def linked(
    gaps: Iterable[Gap], pairing: Pairing, agreement: Agreement | None = None
) -> list[dict[str, str]]:
    """Return the gaps with the address where each is mended."""
    return [{"text": gap.text, "url": _place(gap, pairing, agreement)} for gap in gaps]


def _place(gap: Gap, pairing: Pairing, agreement: Agreement | None) -> str:
    place = gap.place
    if place == "group":
        return url_for("pairings.edit_group", pairing_id=pairing.id)
    if place == "plan":
        return url_for("plans.show_plan", pairing_id=pairing.id)
    if place == "text" and agreement is not None:
        return url_for("agreements.edit_agreement", agreement_id=agreement.id)
    if place == "clause" and agreement is not None:
        if gap.key in {clause.key for clause in agreement.current.clauses}:
            return url_for("agreements.edit_clause", agreement_id=agreement.id, key=gap.key)
        whole = url_for("agreements.edit_agreement", agreement_id=agreement.id)
        return f"{whole}#answer_{gap.key}"
    return ""


def render_agreement(
    agreement: Agreement,
    *,
    scan_form: AttachScanForm | None = None,
    returning: ReturnForm | None = None,
    filing: FileForm | None = None,
    withdrawing: WithdrawForm | None = None,
    taking_back: TakeBackForm | None = None,
    changing: ChangeForm | None = None,
    abandoning: AbandonForm | None = None,
    ending: EndForm | None = None,
    end_word: EndWordForm | None = None,
) -> str:
    """Render the agreement; forms given are those that came back with mistakes."""
    view = request.args.get("view")
    shown = agreement_page(
        agreement,
        viewer=actor(),
        number=request.args.get("revision", type=int),
        against=request.args.get("against", type=int),
        compared={COMPARE: True, TEXT: False}.get(view or ""),
    )
    deciding = bool({"file", "return"} & shown.actions) and shown.is_current
    if returning is None and deciding:
        returning = return_form(places_of(shown.revision))
    return render_template(
        "agreements/show.html",
        page=shown,
        pairing=shown.pairing,
        missing=linked(shown.gaps, shown.pairing, agreement if "edit" in shown.actions else None),
        attachments=attached_to(agreement, viewer=actor()),
        sides=list(Side),
        withdrawing=withdrawing or WithdrawForm(),
        ordering=_ordering(agreement),
        taking_back=taking_back or TakeBackForm(),
        changing=_changing(shown, changing),
        abandoning=abandoning or AbandonForm(),
        ending=ending or EndForm(),
        end_word=end_word or EndWordForm(),
        end_actions=_end_actions(shown),
        scan_form=scan_form or AttachScanForm(),
        returning=returning if deciding else None,
        filing=filing or FileForm(formdata=None),
    )


def _ordering(agreement: Agreement) -> OrderForm:
    """Return the choice of who signs first, as it was the last time."""
    form = OrderForm(formdata=None)
    form.first.data = agreement.first_to_sign.value if agreement.first_to_sign else ""
    return form


def _changing(shown: AgreementPage, form: ChangeForm | None) -> ChangeForm:
    """Return the form for a change, with a renewal among them where one is due."""
    form = form or ChangeForm(formdata=None)
    form.offer(renews="renew" in shown.actions)
    return form


def _end_actions(shown: AgreementPage) -> frozenset[str]:
    """Return what the viewer may do now about a request to end the agreement early."""
    if shown.termination is None:
        return frozenset()
    return frozenset(step.action for step in TERMINATION.open_to(shown.termination, actor()))
