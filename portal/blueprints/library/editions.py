"""Editions of the library: listed, read, begun as a draft, compared and published."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.library import bp
from portal.blueprints.library.forms import EditionForm, PublishForm
from portal.blueprints.library.routes import by_area, source_of
from portal.errors import StaleEdit
from portal.models import EditionState, LibraryEdition
from portal.policies.decision import require
from portal.policies.library import can_edit_library, can_publish_edition
from portal.policies.library_changes import Fate
from portal.policies.plans import can_see_library
from portal.queries import library_editions as queries
from portal.queries.history import history_of
from portal.queries.library import basis_of, library_tasks
from portal.services import library_editions as editions
from portal.web.accounts import actor
from portal.web.requests import leave_to, writes
from portal.workflow.library import missing_to_publish


@bp.get("/library/editions")
def list_editions() -> str:
    """Show every edition the viewer may read."""
    require(can_see_library(actor()))
    rows = queries.edition_rows(actor())
    return render_template(
        "library/editions.html",
        rows=rows,
        has_draft=any(row.edition.state is EditionState.DRAFT for row in rows),
        can_edit=can_edit_library(actor()),
    )


@bp.post("/library/editions")
@writes
def start_draft() -> Response:
    """Copy the published edition into a draft, to be edited."""
    draft = editions.start_draft(actor=actor())
    flash(f"已从现行版本复制全部标准任务，新版 {draft.edition} 可以编辑了。", "success")
    return leave_to(url_for("library.show_edition", edition_id=draft.id))


@bp.get("/library/editions/<int:edition_id>")
def show_edition(edition_id: int) -> str:
    """Show one edition: a draft to be edited, or one that stays as it was."""
    return edition_page(load(edition_id))


@bp.post("/library/editions/<int:edition_id>")
@writes
def retitle_edition(edition_id: int) -> Response | tuple[str, int]:
    """Give a draft its title."""
    edition = load(edition_id)
    require(can_edit_library(actor()))
    form = EditionForm()
    if not form.validate():
        return edition_page(edition, form), 422
    try:
        editions.retitle_edition(
            edition,
            title=form.title.data,
            seen_version=request.form.get("version", type=int),
            actor=actor(),
        )
    except StaleEdit as stale:
        form.form_errors = stale.sentences
        return edition_page(edition, form), 409
    flash("名称已保存。", "success")
    return leave_to(url_for("library.show_edition", edition_id=edition.id))


@bp.get("/library/editions/<int:edition_id>/changes")
def show_changes(edition_id: int) -> str:
    """Show what the edition changes against the one before, and whom that reaches."""
    return _changes_page(load(edition_id))


@bp.post("/library/editions/<int:edition_id>/publish")
@writes
def publish_edition(edition_id: int) -> Response | tuple[str, int]:
    """Make the draft the library; somebody else than its last editor does."""
    edition = load(edition_id)
    require(can_publish_edition(actor(), edition))
    form = PublishForm()
    if not form.validate():
        return _changes_page(edition, form), 422
    try:
        editions.publish_edition(
            edition,
            note=form.note.data,
            seen_version=request.form.get("version", type=int),
            actor=actor(),
        )
    except StaleEdit as stale:
        form.form_errors = stale.sentences
        return _changes_page(edition, form), 409
    flash(f"新版 {edition.edition} 已发布，原版本停用并保留备查。", "success")
    return leave_to(url_for("library.list_tasks"))


def load(edition_id: int) -> LibraryEdition:
    """Load an edition the viewer may read. Raises Forbidden or NotVisible."""
    require(can_see_library(actor()))
    return queries.get_edition(edition_id, viewer=actor())


def edition_page(edition: LibraryEdition, form: EditionForm | None = None) -> str:
    """Render an edition, with the form of its title as it was sent where it was refused."""
    is_draft = edition.state is EditionState.DRAFT
    tasks = library_tasks(edition=edition.edition)
    if form is None:
        form = EditionForm(formdata=None, data={"title": edition.title})
    return render_template(
        "library/edition.html",
        edition=edition,
        areas=by_area(tasks),
        count=len(tasks),
        basis_of=basis_of,
        source=source_of(edition),
        can_edit=is_draft and bool(can_edit_library(actor())),
        is_draft=is_draft,
        form=form,
        events=history_of("library_edition", edition.id),
    )


def _changes_page(edition: LibraryEdition, form: PublishForm | None = None) -> str:
    """Render what changes, with the form of the publication for whoever may take that step."""
    is_draft = edition.state is EditionState.DRAFT
    return render_template(
        "library/changes.html",
        edition=edition,
        is_draft=is_draft,
        page=queries.changes_of(edition),
        labels=queries.item_labels(),
        Fate=Fate,
        may_publish=can_publish_edition(actor(), edition),
        missing=missing_to_publish(edition) if is_draft else [],
        can_edit=is_draft and bool(can_edit_library(actor())),
        form=form or PublishForm(formdata=None),
    )
