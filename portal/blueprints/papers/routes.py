"""A paper as a file: Word or PDF, made when it is asked for."""

from flask import Response

from portal import clock
from portal.blueprints.papers import bp
from portal.documents.official.producing import MEDIA_TYPES, TemplateRefused, produce
from portal.documents.pack_names import safe_name
from portal.errors import NotVisible, PortalError
from portal.models import OutputFormat, OutputKind
from portal.queries.output_templates import content_in_use
from portal.queries.papers import facts_of, get_subject
from portal.web.accounts import actor
from portal.web.address import member_of
from portal.web.audit import downloads, note_title
from portal.web.delivery import DOWNLOAD_POLICY, PREVIEW_POLICY, content_disposition
from portal.web.requests import end_reading


class PaperFailed(PortalError):
    """The centre's template, tried out with a sample, cannot be filled with these facts."""

    status = 503


@bp.get("/papers/<slug:kind>/<int:object_id>.<slug:fmt>")
@downloads
def download(kind: str, object_id: int, fmt: str) -> Response:
    """Send one paper; which object the id names depends on the kind (queries/papers)."""
    paper, form = kind_and_format(kind, fmt)
    subject = get_subject(paper, object_id, viewer=actor())
    note_title(f"下载文书：{subject.title}（{form.label}）")
    facts, template = facts_of(subject), content_in_use(paper, form)
    end_reading()
    try:
        made = produce(paper, form, facts, template)
    except TemplateRefused as refusal:
        raise PaperFailed(
            f"“{paper.label}”的模板无法填写，请告诉省中心更换模板。{refusal.sentence}"
        ) from refusal
    return sent(made, form, f"{subject.title} {clock.today().isoformat()}")


def kind_and_format(kind: str, fmt: str) -> tuple[OutputKind, OutputFormat]:
    """Return what the two slugs of an address name. Raises NotVisible."""
    paper, form = member_of(OutputKind, kind), member_of(OutputFormat, fmt)
    if paper is None or form is None:
        raise NotVisible()
    return paper, form


def sent(content: bytes, form: OutputFormat, title: str, *, inline: bool = False) -> Response:
    """Answer with a paper; ``inline`` shows it in the browser, which only a PDF may ask for."""
    inline = inline and form is OutputFormat.PDF
    answer = Response(content, mimetype=MEDIA_TYPES[form])
    name = safe_name(title, f"paper.{form.value}")
    answer.headers["Content-Disposition"] = content_disposition(name, inline=inline)
    answer.headers["Content-Security-Policy"] = PREVIEW_POLICY if inline else DOWNLOAD_POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
