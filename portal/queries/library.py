"""The library of standard tasks. Only its published edition is picked from."""

import re

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Area, EditionState, LibraryEdition, LibraryTask

NOTICE_LINE = re.compile(r"^H-\d+(、H-\d+)*(（.*）)?$")
CLASS_HOURS = re.compile(r"^S-\d+")
SEEN_AT = re.compile(r"见§[\d.]+，")
INDICATOR = re.compile(r"§[\d.]+(、§[\d.]+)*")


def library_tasks(
    *,
    area: Area | None = None,
    weight: int | None = None,
    text: str = "",
    edition: str | None = None,
) -> list[LibraryTask]:
    """Return the standard tasks in their order: of one area, one weight, containing ``text``.

    Those of the published edition, unless ``edition`` names another.
    """
    of = _published() if edition is None else LibraryTask.edition == edition
    wanted = sa.select(LibraryTask).where(of)
    if area is not None:
        wanted = wanted.where(LibraryTask.area == area)
    if weight is not None:
        wanted = wanted.where(LibraryTask.weight == weight)
    if text:
        columns = (
            LibraryTask.code,
            LibraryTask.title,
            LibraryTask.description,
            LibraryTask.criteria,
        )
        wanted = wanted.where(
            sa.or_(*(column.icontains(text, autoescape=True) for column in columns))
        )
    return list(db.session.scalars(wanted.order_by(LibraryTask.position, LibraryTask.id)))


def basis_of(task: LibraryTask) -> str:
    """Return what the task rests on, in words a reader outside the project understands.

    The data file also cites our own collection of sources (H-10, S-06, §8.2.1); readers are
    told what kind of source that is instead.
    """
    parts: list[str] = []
    for part in task.basis.split("；"):
        said = NOTICE_LINE.sub("", part)
        said = CLASS_HOURS.sub("助理全科培训规定", said)
        said = SEEN_AT.sub("", said)
        said = INDICATOR.sub("基地评估指标", said)
        if said and said not in parts:
            parts.append(said)
    return "；".join(parts)


def published_edition() -> LibraryEdition | None:
    """Return the edition that is in use; None before there is any library."""
    return db.session.scalar(
        sa.select(LibraryEdition).where(LibraryEdition.state == EditionState.PUBLISHED)
    )


def get_standard_task(task_id: int, *, drafts: bool) -> LibraryTask:
    """Return one standard task of any edition, of drafts too where ``drafts`` may be read.

    Raises NotVisible for any other id.
    """
    wanted = sa.select(LibraryTask).where(LibraryTask.id == task_id).join(LibraryTask.of_edition)
    if not drafts:
        wanted = wanted.where(LibraryEdition.state != EditionState.DRAFT)
    task = db.session.scalar(wanted.options(contains_eager(LibraryTask.of_edition)))
    if task is None:
        raise NotVisible()
    return task


def _published() -> sa.ColumnElement[bool]:
    """Return the condition under which a standard task is of the published edition."""
    return LibraryTask.edition == (
        sa.select(LibraryEdition.edition)
        .where(LibraryEdition.state == EditionState.PUBLISHED)
        .scalar_subquery()
    )
