"""The audit log, for the auditor alone: list, one entry, and a table to take away."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from flask import render_template, request, stream_with_context
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.admin import bp
from portal.documents.audit_csv import Told, write_log
from portal.models import AuditKind, AuditResult, Role
from portal.queries import audit as queries
from portal.queries.audit import AuditFilter
from portal.queries.changes import in_words, readable_rows
from portal.queries.events import OBJECT_LABELS, names_behind, pairing_titles_behind
from portal.web.accounts import actor
from portal.web.address import day_of, id_of, kept_of, member_of, text_of
from portal.web.audit import exports

FILTERS = ("person", "kind", "result", "object", "number", "address", "q", "since", "until")
OBJECTS = {**OBJECT_LABELS, "member": "小组成员", "requirement": "要求的材料", "upload": "上传"}


@bp.get("/audit")
def list_audit() -> str:
    """List what was done, refused and taken out, narrowed by the filters in the address."""
    viewer, chosen = actor(), _filter_from_address()
    page = queries.audit_page(
        chosen,
        viewer=viewer,
        before=id_of(request.args, "before"),
        after=id_of(request.args, "after"),
    )
    return render_template(
        "admin/audit.html",
        page=page,
        names=names_behind(page.rows),
        chosen=chosen,
        chain=queries.chain_state(viewer=viewer),
        kinds=list(AuditKind),
        results=list(AuditResult),
        kept=kept_of(request.args, FILTERS),
        **_words(),
    )


@bp.get("/audit/<int:position>")
def show_audit_entry(position: int) -> str:
    """Show one entry: what changed from what to what, and the hash that chains it."""
    entry = queries.get_entry(position, viewer=actor())
    return render_template(
        "admin/audit_entry.html",
        entry=entry,
        events=queries.events_of(entry),
        rows=readable_rows(entry.changes),
        pairing=next(iter(pairing_titles_behind([entry]).values()), ""),
        **_words(),
    )


@bp.get("/audit.csv")
@exports
def export_audit() -> Response:
    """Send all that the list shows, every page of it, as a table for a spreadsheet."""
    entries = queries.all_entries(_filter_from_address(), viewer=actor())
    name = quote(f"审计日志-{clock.today():%Y%m%d}.csv")
    return Response(
        stream_with_context(write_log(_told(entries), OBJECTS)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def _told(entries: Iterator[queries.Vouched]) -> Iterator[Told]:
    """Put what changed into words."""
    for entry, events in entries:
        yield entry, events, in_words(entry.changes, [event.changes for event in events])


def _filter_from_address() -> AuditFilter:
    """Return the filters in the address; what makes no sense does not narrow."""
    args = request.args
    return AuditFilter(
        person=text_of(args, "person", 64),
        kind=member_of(AuditKind, args.get("kind")),
        result=member_of(AuditResult, args.get("result")),
        object_type=text_of(args, "object", 40),
        object_id=id_of(args, "number"),
        address=text_of(args, "address", 45),
        text=text_of(args, "q", 60),
        since=day_of(args, "since"),
        until=day_of(args, "until"),
    )


def _words() -> dict[str, Any]:
    """Return the labels that both pages need."""
    return {
        "roles": {role.value: role.label for role in Role},
        "object_labels": OBJECTS,
    }
