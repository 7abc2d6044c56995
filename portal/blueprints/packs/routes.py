"""Everything of a task, a pairing or a base as one streamed archive."""

from collections.abc import Sequence

from flask import Response, request

from portal import clock
from portal.blueprints.packs import bp
from portal.documents.pack_names import safe_part
from portal.documents.packs import entries_of, stream_of
from portal.models import Pairing
from portal.policies.packs import packs_what_fell
from portal.queries import packs as queries
from portal.queries.pairings import get_whole_pairing
from portal.queries.tasks import get_task
from portal.web.accounts import actor
from portal.web.audit import downloads
from portal.web.delivery import content_disposition


@bp.get("/tasks/<int:task_id>/pack.zip")
@downloads
def download_task(task_id: int) -> Response:
    """Send the evidence of a task."""
    viewer = actor()
    task = get_task(task_id, viewer=viewer)
    pieces = queries.pieces_of_task(task, viewer=viewer)
    return _sent(f"任务 {task.code} {task.title}", pieces, [task.pairing])


@bp.get("/pairings/<int:pairing_id>/pack.zip")
@downloads
def download_pairing(pairing_id: int) -> Response:
    """Send the agreements' scans and all evidence of a pairing."""
    viewer = actor()
    pairing = get_whole_pairing(pairing_id, viewer=viewer)
    pieces = queries.pieces_of_pairings([pairing], viewer=viewer)
    title = f"{pairing.supporting.short_name}—{pairing.supported.short_name}"
    return _sent(title, pieces, [pairing])


@bp.get("/organisations/<int:organisation_id>/pack.zip")
@downloads
def download_base(organisation_id: int) -> Response:
    """Send the scans and evidence of all pairings of a hospital: what an inspection asks for."""
    viewer = actor()
    base = queries.get_base(organisation_id, viewer=viewer)
    pairings = queries.pairings_of(base, viewer=viewer)
    pieces = queries.pieces_of_pairings(pairings, viewer=viewer)
    return _sent(base.short_name, pieces, pairings)


def _sent(title: str, pieces: Sequence[queries.PackPiece], pairings: Sequence[Pairing]) -> Response:
    """Answer with the archive; nothing of it is in memory but the chunk on its way."""
    entries = entries_of(pieces, pairings, with_fallen=packs_what_fell(actor()))
    stream = stream_of(entries)
    answer = Response(mimetype="application/zip")
    answer.content_length = len(stream)
    name = f"{safe_part(title)} 佐证材料 {clock.today().isoformat()}.zip"
    answer.headers["Content-Disposition"] = content_disposition(name, inline=False)
    if request.method != "HEAD":
        answer.response = stream
    return answer
