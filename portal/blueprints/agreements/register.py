"""The register of agreements, and the tab of a pairing that leads to its agreement."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.agreements import bp
from portal.blueprints.agreements.pages import linked
from portal.blueprints.tasks.ledger import XLSX
from portal.documents.register_xlsx import write_register
from portal.models import AgreementKind, AgreementState, Role
from portal.policies.agreements import can_draft
from portal.policies.decision import require
from portal.policies.delegations import keeps_delegations
from portal.queries import agreement_register as queries
from portal.queries.agreement_now import standing_of
from portal.queries.agreements import tab_agreement
from portal.queries.pairings import get_pairing
from portal.services import agreements
from portal.web.accounts import actor
from portal.web.address import id_of, text_of
from portal.web.audit import exports
from portal.web.requests import leave_to, writes

KINDS = tuple(kind.value for kind in AgreementKind)
TIMINGS = (
    (queries.LATE, "逾期报送"),
    (queries.OVERDUE, "逾期未报送"),
    (queries.EXPIRING, "临近期满待续签"),
)
LONGEST_WORD = 100


@bp.get("/agreements")
def list_agreements() -> str:
    """Show what waits for the centre, then the register."""
    wanted = read_filter()
    viewer = actor()
    kept = {
        "state": wanted.state or None,
        "programme": wanted.programme_id,
        "late": wanted.timing or None,
        "kind": wanted.kind or None,
        "q": wanted.text or None,
    }
    return render_template(
        "agreements/list.html",
        register=queries.register(wanted, viewer=viewer),
        wanted=wanted,
        kept=kept,
        state_choices=[
            *((state.value, state.label) for state in AgreementState),
            (queries.NOT_DRAFTED, "未起草"),
        ],
        kind_choices=[(kind.value, kind.label) for kind in AgreementKind],
        timing_choices=TIMINGS,
        reviews=viewer.role is Role.CENTRE_REVIEWER,
        delegates=keeps_delegations(viewer),
    )


@bp.get("/agreements.xlsx")
@exports
def export_register() -> Response:
    """Send just what the register shows, every page of it, as a workbook."""
    rows = queries.register_rows(read_filter(), viewer=actor())
    today = clock.today()
    name = f"协议登记簿-{today:%Y%m%d}.xlsx"
    book = write_register(rows, today)
    return send_file(book, mimetype=XLSX, as_attachment=True, download_name=name)


def read_filter() -> queries.RegisterFilter:
    """Return what the address asks for; nonsense in it filters nothing."""
    states = [*(state.value for state in AgreementState), queries.NOT_DRAFTED]
    return queries.RegisterFilter(
        state=_one_of("state", states),
        programme_id=id_of(request.args, "programme"),
        timing=_one_of("late", [value for value, _ in TIMINGS]),
        kind=_one_of("kind", KINDS),
        text=text_of(request.args, "q", LONGEST_WORD),
        page=max(1, min(request.args.get("page", 1, type=int), 10_000)),
    )


@bp.get("/pairings/<int:pairing_id>/agreement")
def show_for_pairing(pairing_id: int) -> Response | str:
    """Lead to the pairing's agreement, or show what is missing before there is one."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    agreement = tab_agreement(pairing, viewer=viewer)
    if agreement is not None:
        return redirect(url_for("agreements.show_agreement", agreement_id=agreement.id))
    standing = standing_of(pairing)
    return render_template(
        "agreements/none.html",
        pairing=pairing,
        missing=linked(standing.gaps, pairing),
        can_draft=can_draft(viewer, pairing),
    )


@bp.post("/pairings/<int:pairing_id>/agreement")
@writes
def draft_agreement(pairing_id: int) -> Response:
    """Draft the agreement from the clause skeleton; whoever comes second is led to it."""
    viewer = actor()
    pairing = get_pairing(pairing_id, viewer=viewer)
    agreement = tab_agreement(pairing, viewer=viewer)
    require(can_draft(viewer, pairing))
    if agreement is None:
        agreement = agreements.draft_agreement(pairing, actor=viewer)
        flash("协议已按示范条款起草，请核对并修改。", "success")
    else:
        flash("本结对已经有一份协议。", "info")
    return leave_to(url_for("agreements.show_agreement", agreement_id=agreement.id))


def _one_of(name: str, known: Sequence[str]) -> str:
    """Return a word of the address if it is one we know: a mistyped filter filters nothing."""
    value = request.args.get(name, "")
    return value if value in known else ""
