"""The library of evidence: of a hospital, of everything the viewer sees, and of one pairing."""

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.evidence import bp
from portal.blueprints.uploads.places import zone_of
from portal.errors import NotVisible
from portal.models import Area, EvidenceKind, EvidenceStatus, Pairing, Role, User
from portal.policies.evidence import KEEPERS
from portal.policies.packs import is_offered_pack
from portal.queries import evidence_library as queries
from portal.queries.evidence_library import EXPIRED, EXPIRING, LibraryFilter
from portal.queries.pairings import demand_pairings, get_pairing
from portal.row_ids import row_id
from portal.services.evidence_reviews import Outcome, accept_many
from portal.web.accounts import actor
from portal.web.address import id_of, kept_of, member_of, text_of
from portal.web.requests import leave_to, writes

ALL = "all"
"""What the address says for the evidence of every hospital the viewer sees."""

FIRST_YEAR = 2018
MAX_AT_ONCE = 200
EXPIRY = ((EXPIRING, "即将到期"), (EXPIRED, "已过期"))
NARROWING = (
    "organisation", "pairing", "q", "kind", "status", "area", "year", "expiry", "unused", "review",
)  # fmt: skip


@bp.get("/evidence")
def list_library() -> str:
    """Show the library: hospitals begin with their own, everybody else with all they see."""
    viewer = actor()
    demand_pairings(viewer)
    wanted = read_filter(request.args, viewer)
    return render_template(
        "evidence/library.html",
        **_shared(wanted, viewer, "evidence.list_library"),
        hospitals=_hospitals(viewer),
        chosen=wanted.organisation_id or (ALL if viewer.role.in_hospital else ""),
        pairings=queries.pairing_choices(viewer),
        own_first=viewer.role.in_hospital,
        pack_of=wanted.organisation_id if is_offered_pack(viewer, wanted.organisation_id) else None,
    )


@bp.get("/pairings/<int:pairing_id>/evidence")
def list_for_pairing(pairing_id: int) -> str:
    """Show the pairing's library; a contributor has only the tasks given to them."""
    viewer = actor()
    if viewer.role is Role.CONTRIBUTOR:
        raise NotVisible()
    pairing = get_pairing(pairing_id, viewer=viewer)
    wanted = read_filter(request.args, viewer, pairing)
    return render_template(
        "evidence/list.html",
        pairing=pairing,
        **_shared(wanted, viewer, "evidence.list_for_pairing", pairing_id=pairing.id),
        **zone_of(pairing),
    )


@bp.post("/evidence/accept")
@writes
def bulk_accept() -> Response:
    """Accept the ticked pieces, each as it was on the page; what cannot be is named."""
    viewer = actor()
    demand_pairings(viewer)
    ticked = dict(_ticked(request.form.getlist("piece")[:MAX_AT_ONCE]))
    pieces = queries.pieces_with(sorted(ticked), viewer=viewer)
    if not pieces:
        flash("请先勾选要认可的材料。", "warning")
    _tell(accept_many([(one, ticked[one.id]) for one in pieces], actor=viewer))
    kept: dict[str, Any] = kept_of(request.args, NARROWING)
    if (tab := id_of(request.args, "tab")) is not None:
        return leave_to(url_for("evidence.list_for_pairing", pairing_id=tab, **kept))
    return leave_to(url_for("evidence.list_library", **kept))


def read_filter(
    args: MultiDict[str, str], viewer: User, pairing: Pairing | None = None
) -> LibraryFilter:
    """Read the address into a filter. What makes no sense does not narrow."""
    to_review = args.get("review") == "1"
    organisation = id_of(args, "organisation")
    if organisation is None and pairing is None and not to_review and viewer.role.in_hospital:
        organisation = None if args.get("organisation") == ALL else viewer.organisation_id
    year = id_of(args, "year")
    expiry = args.get("expiry", "")
    return LibraryFilter(
        organisation_id=organisation,
        pairing_id=pairing.id if pairing else id_of(args, "pairing"),
        text=text_of(args, "q", 100),
        kind=member_of(EvidenceKind, args.get("kind")),
        status=member_of(EvidenceStatus, args.get("status")),
        area=member_of(Area, args.get("area")),
        year=year if year in _years() else None,
        expiry=expiry if expiry in dict(EXPIRY) else "",
        unused=args.get("unused") == "1",
        to_review=to_review,
    )


def _shared(wanted: LibraryFilter, viewer: User, endpoint: str, **values: Any) -> dict[str, Any]:
    """Return what the list needs wherever it stands."""
    kept: dict[str, Any] = kept_of(request.args, NARROWING)
    page = queries.library_page(
        wanted,
        viewer=viewer,
        before=id_of(request.args, "before"),
        after=id_of(request.args, "after"),
    )

    def neighbour(**mark: Any) -> str:
        return url_for(endpoint, **values, **kept, **mark)

    return {
        "wanted": wanted,
        "page": page,
        "here": url_for(endpoint, **values),
        "narrowed": bool(kept),
        "newer_url": neighbour(after=page.newer_than) if page.newer_than else None,
        "older_url": neighbour(before=page.older_than) if page.older_than else None,
        "accept_url": url_for("evidence.bulk_accept", tab=values.get("pairing_id"), **kept),
        "kinds": list(EvidenceKind),
        "statuses": list(EvidenceStatus),
        "areas": list(Area),
        "years": [(year, f"{year} 年") for year in _years()],
        "expiries": EXPIRY,
        "views": [
            (label, url_for(endpoint, **values, **view), view == kept)
            for label, view in _views(viewer)
        ],
    }


def _views(viewer: User) -> list[tuple[str, dict[str, Any]]]:
    """Return the views people open most, one click each."""
    views: list[tuple[str, dict[str, Any]]] = [("全部", {})]
    if viewer.role in KEEPERS or viewer.role is Role.CENTRE_REVIEWER:
        views.append(("待我审核", {"review": "1"}))
    views.append(("不予认可", {"status": EvidenceStatus.REJECTED.value}))
    views += [(label, {"expiry": key}) for key, label in EXPIRY]
    return [*views, ("未使用", {"unused": "1"})]


def _hospitals(viewer: User) -> list[tuple[int | str, str]]:
    """Return the choices of the hospital, the viewer's own left to the first one."""
    others: list[tuple[int | str, str]] = [
        choice
        for choice in queries.hospital_choices(viewer)
        if not viewer.role.in_hospital or choice[0] != viewer.organisation_id
    ]
    return [(ALL, "全部可见单位"), *others] if viewer.role.in_hospital else others


def _years() -> range:
    """Return the years a piece can be of, the latest first."""
    return range(clock.today().year, FIRST_YEAR - 1, -1)


def _ticked(values: list[str]) -> list[tuple[int, int]]:
    """Return (id, version) of each ticked row; what nobody could have ticked is left out."""
    pairs = [value.partition("-") for value in values]
    return [
        (number, int(version))
        for one, _, version in pairs
        if (number := row_id(one)) is not None and row_id(version) is not None
    ]


def _tell(outcome: Outcome) -> None:
    """Say how many were accepted, and what was not and why."""
    if outcome.accepted:
        flash(f"已认可 {outcome.accepted} 件佐证材料。", "success")
    for sentence in outcome.refused[:5]:
        flash(f"没有办成：{sentence}", "warning")
    if len(outcome.refused) > 5:
        flash(f"另有 {len(outcome.refused) - 5} 件没有办成，请逐件查看。", "warning")
