"""The library of standard tasks. Only its newest edition is shown and picked from."""

import re

import sqlalchemy as sa

from portal.extensions import db
from portal.models import Area, LibraryTask
from portal.workflow.plans import CORE_WEIGHT

NOTICE_LINE = re.compile(r"^H-\d+(、H-\d+)*(（.*）)?$")
CLASS_HOURS = re.compile(r"^S-\d+")
SEEN_AT = re.compile(r"见§[\d.]+，")
INDICATOR = re.compile(r"§[\d.]+(、§[\d.]+)*")


def library_tasks(
    *, area: Area | None = None, weight: int | None = None, text: str = ""
) -> list[LibraryTask]:
    """Return the standard tasks in their order: of one area, one weight, containing ``text``."""
    wanted = sa.select(LibraryTask).where(_newest())
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
    return list(db.session.scalars(wanted.order_by(LibraryTask.position)))


def core_tasks() -> list[LibraryTask]:
    """Return the standard tasks every plan should contain."""
    return library_tasks(weight=CORE_WEIGHT)


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


def _newest() -> sa.ColumnElement[bool]:
    """Return the condition under which a standard task is of the newest edition."""
    return LibraryTask.edition == sa.select(sa.func.max(LibraryTask.edition)).scalar_subquery()
