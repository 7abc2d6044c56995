"""The templates of official papers: shown, taken, replaced, tried out and taken back."""

from flask import Response, flash, render_template, send_file, url_for
from werkzeug.wrappers import Response as Led

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import ENDINGS, AddTemplateForm
from portal.blueprints.papers.routes import kind_and_format, sent
from portal.documents.official import producing
from portal.documents.pack_names import safe_name
from portal.documents.spreadsheet import write_sheet
from portal.errors import NotVisible, Rejected
from portal.models import OutputFormat, OutputKind, OutputTemplate
from portal.policies.output_templates import can_manage_templates
from portal.queries import output_templates as queries
from portal.queries.papers import placeholders, sample
from portal.services import output_templates
from portal.web.accounts import actor
from portal.web.audit import downloads, exports, note_title
from portal.web.delivery import DOWNLOAD_POLICY, content_disposition
from portal.web.requests import begin_writing, end_reading, leave_to, let_go, reads_first, writes

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PLACEHOLDER_HEAD = (("占位符", 34), ("说明", 40), ("是否列表", 10), ("示例", 60))


@bp.get("/papers/templates")
def list_templates() -> str:
    """Show every paper and the template it is made from."""
    rows = queries.template_rows(actor())
    return render_template("papers/templates.html", rows=rows, has_fonts=producing.has_fonts())


@bp.get("/papers/templates/<slug:kind>/<slug:fmt>")
def show_template(kind: str, fmt: str) -> str:
    """Show the versions of one template, and what may be named in it."""
    paper, form = kind_and_format(kind, fmt)
    return _page(paper, form, AddTemplateForm(form))


@bp.post("/papers/templates/<slug:kind>/<slug:fmt>")
@reads_first
@writes
def add_template(kind: str, fmt: str) -> Led | tuple[str, int]:
    """Try a new version out with a sample and keep it; the one in use stays in use."""
    paper, form = _managed(kind, fmt)
    filled = AddTemplateForm(form)
    if not filled.validate():
        return _page(paper, form, filled), 422
    try:
        let_go()
        producing.try_out(paper, form, sample(paper), filled.content)
        begin_writing()
        version = output_templates.add_version(
            paper,
            form,
            filled.content,
            name=filled.file.data.filename,
            note=filled.note.data or "",
            actor=actor(),
        )
    except producing.TemplateRefused as refusal:
        filled.add_errors({"file": refusal.sentence})
        return _page(paper, form, filled), 422
    except Rejected as refusal:
        filled.add_errors(refusal.fields)
        return _page(paper, form, filled), 422
    flash(f"第 {version.number} 版已通过试填。请先查看样张，再启用。", "success")
    return leave_to(_address(paper, form))


@bp.post("/papers/templates/versions/<int:version_id>/use")
@writes
def use_version(version_id: int) -> Led:
    """Put a version to use, an older one too."""
    version = queries.get_version(version_id, viewer=actor())
    output_templates.put_to_use(version, actor=actor())
    flash(f"已启用第 {version.number} 版，今后的{version.kind.label}按它生成。", "success")
    return leave_to(_address(version.kind, version.format))


@bp.post("/papers/templates/<slug:kind>/<slug:fmt>/shipped")
@writes
def use_shipped(kind: str, fmt: str) -> Led:
    """Go back to the portal's own template."""
    paper, form = _managed(kind, fmt)
    output_templates.use_shipped(paper, form, actor=actor())
    flash("已改用系统自带的模板。", "success")
    return leave_to(_address(paper, form))


@bp.get("/papers/templates/<slug:kind>/<slug:fmt>/file")
@downloads
def download_shipped(kind: str, fmt: str) -> Response:
    """Send the portal's own template, to begin with."""
    paper, form = _managed(kind, fmt)
    note_title(f"下载文书模板：{paper.label}（{form.label}，系统自带）")
    end_reading()
    return _file(producing.shipped_template(paper, form), form, f"{paper.label}模板")


@bp.get("/papers/templates/versions/<int:version_id>/file")
@downloads
def download_version(version_id: int) -> Response:
    """Send one of the centre's versions."""
    version = _version(version_id)
    title = f"{version.kind.label}模板 第{version.number}版"
    return _file(version.content, version.format, title)


@bp.get("/papers/templates/library")
@downloads
def download_library() -> Response:
    """Send the layout that every PDF template of ours builds on."""
    _admit()
    note_title("下载公文版式文件")
    return _file(producing.library(), OutputFormat.PDF, "gbt9704")


@bp.get("/papers/templates/<slug:kind>/<slug:fmt>/sample")
@downloads
def show_sample(kind: str, fmt: str) -> Response:
    """Send a sample made from the portal's own template."""
    paper, form = _managed(kind, fmt)
    note_title(f"查看文书样张：{paper.label}（{form.label}）")
    end_reading()
    made = producing.try_out(paper, form, sample(paper))
    return sent(made, form, f"{paper.label}样张", inline=True)


@bp.get("/papers/templates/versions/<int:version_id>/sample")
@downloads
def show_version_sample(version_id: int) -> Response:
    """Send a sample made from one of the centre's versions."""
    version = _version(version_id)
    end_reading()
    made = producing.try_out(version.kind, version.format, sample(version.kind), version.content)
    title = f"{version.kind.label}样张 第{version.number}版"
    return sent(made, version.format, title, inline=True)


@bp.get("/papers/templates/<slug:kind>/placeholders.xlsx")
@exports
def download_placeholders(kind: str) -> Response:
    """Send the list of what a template of this paper may name."""
    paper, _ = _managed(kind, OutputFormat.DOCX.value)
    rows = [
        (one.path, one.label, "是" if one.is_list else "", one.example)
        for one in placeholders(paper)
    ]
    book = write_sheet(f"{paper.label}占位符", PLACEHOLDER_HEAD, rows)
    name = f"{paper.label}占位符.xlsx"
    return send_file(book, mimetype=XLSX, as_attachment=True, download_name=name)


def _managed(kind: str, fmt: str) -> tuple[OutputKind, OutputFormat]:
    """Return what the slugs name, to the centre alone. Raises NotVisible."""
    _admit()
    return kind_and_format(kind, fmt)


def _admit() -> None:
    if not can_manage_templates(actor()):
        raise NotVisible()


def _version(version_id: int) -> OutputTemplate:
    version = queries.get_version(version_id, viewer=actor())
    note_title(
        f"查看文书模板：{version.kind.label}（{version.format.label}）第 {version.number} 版"
    )
    return version


def _address(paper: OutputKind, form: OutputFormat) -> str:
    return url_for("papers.show_template", kind=paper.value, fmt=form.value)


def _page(paper: OutputKind, form: OutputFormat, filled: AddTemplateForm) -> str:
    versions = queries.versions_of(paper, form, viewer=actor())
    return render_template(
        "papers/template.html",
        paper=paper,
        fmt=form,
        form=filled,
        versions=versions,
        in_use=next((one for one in versions if one.is_active), None),
        placeholders=list(placeholders(paper)),
        events=queries.history_of_templates(versions),
        is_word=form is OutputFormat.DOCX,
    )


def _file(content: bytes, form: OutputFormat, title: str) -> Response:
    """Answer with a template, always to be saved."""
    media = producing.MEDIA_TYPES[form] if form is OutputFormat.DOCX else "text/plain"
    answer = Response(content, mimetype=media)
    name = safe_name(title, f"template{ENDINGS[form]}")
    answer.headers["Content-Disposition"] = content_disposition(name, inline=False)
    answer.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
