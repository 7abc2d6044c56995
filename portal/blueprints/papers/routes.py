"""A paper as a file: Word or PDF, made when it is asked for."""

from flask import Response

from portal.blueprints.papers import bp
from portal.errors import NotVisible, StepRefused
from portal.models import OutputFormat, OutputKind
from portal.queries.papers import get_subject
from portal.web.accounts import actor
from portal.web.audit import downloads


@bp.get("/papers/<slug:kind>/<int:object_id>.<slug:fmt>")
@downloads
def download(kind: str, object_id: int, fmt: str) -> Response:
    """Send one paper; which object the id names depends on the kind (queries/papers)."""
    if kind not in list(OutputKind) or fmt not in list(OutputFormat):
        raise NotVisible()
    subject = get_subject(OutputKind(kind), object_id, viewer=actor())
    raise StepRefused(f"{subject.title}还没有模板，暂时不能生成。")
