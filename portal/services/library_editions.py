"""Editions of the library: one is drafted from the published one, and published over it."""

import re

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.errors import StepRefused
from portal.extensions import db
from portal.models import EditionState, LibraryEdition, LibraryTask, User
from portal.policies.decision import require
from portal.policies.library import can_edit_library, can_publish_edition
from portal.workflow import check_version, record, transition
from portal.workflow.library import EDITION

PUBLISHED_ALREADY = "这一版已经发布，不再改动。如需修改，请起草新版。"
OWN_TO_EACH = {"id", "version", "edition"}


def start_draft(*, actor: User) -> LibraryEdition:
    """Copy the published edition into a draft. Raises Forbidden, or StepRefused beside another."""
    require(can_edit_library(actor))
    published = _lock_one(EditionState.PUBLISHED)
    if published is None:
        raise StepRefused("还没有现行的标准任务库，无法起草新版。")
    if _lock_one(EditionState.DRAFT) is not None:
        raise StepRefused("已有一个编辑中的版本，请在那一版中修改。")
    name = _next_name()
    draft = LibraryEdition(
        edition=name,
        title=f"全科培训基地结对帮扶标准任务库（{name}版）",
        based_on=published.edition,
        created_by=actor,
        edited_by=actor,
        created_at=clock.now(),
    )
    db.session.add(draft)
    db.session.flush()
    db.session.add_all(copied(task, name) for task in published.tasks)
    db.session.flush()
    record(
        draft,
        "library_edition",
        action="started",
        title="起草新版标准任务库",
        actor=actor,
        details=[("依据版本", published.edition)],
    )
    return draft


def retitle_edition(
    edition: LibraryEdition, *, title: str, seen_version: int | None, actor: User
) -> None:
    """Give a draft its title. Raises Forbidden, StepRefused or StaleEdit."""
    open_for_editing(edition, actor=actor)
    check_version(edition, seen_version)
    if title == edition.title:
        return
    details = [("名称", f"{edition.title} → {title}")]
    edition.title = title
    note_edit(edition, "修改名称", details, actor=actor)


def publish_edition(
    edition: LibraryEdition, *, note: str, seen_version: int | None, actor: User
) -> None:
    """Make the draft the library; the edition before it is retired and stays readable.

    Raises Forbidden (four eyes), StepRefused, StaleEdit or Rejected (no note). No plan changes:
    the coordinators of those still being drafted take the new texts over themselves.
    """
    require(can_publish_edition(actor, edition))
    lock(edition)
    check_version(edition, seen_version)
    published = _lock_one(EditionState.PUBLISHED)
    if published is not None and edition.state is EditionState.DRAFT:
        with db.session.begin_nested():
            transition(EDITION, published, "retire", actor=actor)
            _publish(edition, note, actor)
    else:
        _publish(edition, note, actor)


def _publish(edition: LibraryEdition, note: str, actor: User) -> None:
    """Take the step itself; only one edition may be current, so the other left first."""
    db.session.flush()
    now = clock.now()
    with db.session.no_autoflush:
        transition(
            EDITION,
            edition,
            "publish",
            actor=actor,
            comment=note,
            details=[("版本", edition.edition)],
        )
        edition.note, edition.published_by, edition.published_at = note.strip(), actor, now
    db.session.flush()


def open_for_editing(edition: LibraryEdition, *, actor: User) -> None:
    """Lock a draft for a change. Raises Forbidden, or StepRefused once it is published."""
    require(can_edit_library(actor))
    lock(edition)
    refuse_unless_draft(edition)


def refuse_unless_draft(edition: LibraryEdition) -> None:
    """Raise StepRefused once the edition is published."""
    if edition.state is not EditionState.DRAFT:
        raise StepRefused(PUBLISHED_ALREADY)


def lock(edition: LibraryEdition) -> None:
    """Hold the edition's row until the end of the transaction and read it anew."""
    db.session.flush()
    db.session.execute(
        sa.select(LibraryEdition.id).where(LibraryEdition.id == edition.id).with_for_update()
    )
    db.session.refresh(edition)


def note_edit(
    edition: LibraryEdition, title: str, details: list[tuple[str, str]], *, actor: User
) -> None:
    """Write what was edited and by whom; whoever is about to publish has seen something else."""
    edition.edited_by = actor
    flag_modified(edition, "created_at")
    db.session.flush()
    db.session.expire(edition, ["tasks"])
    record(edition, "library_edition", action="edited", title=title, actor=actor, details=details)


def copied(task: LibraryTask, edition: str) -> LibraryTask:
    """Return the same standard task as one of ``edition``."""
    columns = [one.key for one in sa.inspect(LibraryTask).column_attrs]
    values = {key: getattr(task, key) for key in columns if key not in OWN_TO_EACH}
    return LibraryTask(edition=edition, **values)


def _lock_one(state: EditionState) -> LibraryEdition | None:
    """Return the edition in ``state``, of which there is one at most, and hold its row."""
    return db.session.scalar(
        sa.select(LibraryEdition)
        .where(LibraryEdition.state == state)
        .with_for_update(of=LibraryEdition)
        .execution_options(populate_existing=True)
    )


def _next_name() -> str:
    """Return the next free number of the year, as 2021-1."""
    year = clock.today().year
    taken = db.session.scalars(
        sa.select(LibraryEdition.edition).where(LibraryEdition.edition.startswith(f"{year}-"))
    )
    numbers = [int(found[1]) for name in taken if (found := re.fullmatch(r"\d+-(\d{1,9})", name))]
    return f"{year}-{max(numbers, default=0) + 1}"
