"""The library of a pairing's evidence, always scoped to a viewer."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Evidence, EvidenceUse, Pairing, StoredFile, Task, User
from portal.policies.files import visible_evidence
from portal.policies.scope import visible_tasks

PAGE_SIZE = 30
CHOICE_SIZE = 50


@dataclass(frozen=True)
class LibraryPage:
    """One page of the library, newest first; the ids lead to its neighbours."""

    pieces: list[Evidence]
    newer_than: int | None
    older_than: int | None


def library_page(
    pairing: Pairing,
    *,
    viewer: User,
    search: str = "",
    before: int | None = None,
    after: int | None = None,
) -> LibraryPage:
    """Return the pieces just older than id ``before``, or just newer than id ``after``.

    Two queries, wherever in the library the page lies.
    """
    statement = _library(pairing, viewer, search).options(
        selectinload(Evidence.uses).joinedload(EvidenceUse.task),
        selectinload(Evidence.uses).joinedload(EvidenceUse.requirement),
    )
    if after is not None:
        statement = statement.where(Evidence.id > after).order_by(Evidence.id)
    elif before is not None:
        statement = statement.where(Evidence.id < before).order_by(Evidence.id.desc())
    else:
        statement = statement.order_by(Evidence.id.desc())
    found = list(db.session.scalars(statement.limit(PAGE_SIZE + 1)))
    more, pieces = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if after is not None:
        pieces.reverse()
    if not pieces:
        return LibraryPage([], None, None)
    has_newer = more if after is not None else before is not None
    has_older = more if after is None else True
    return LibraryPage(
        pieces,
        pieces[0].id if has_newer else None,
        pieces[-1].id if has_older else None,
    )


def usable_pieces(task: Task, *, viewer: User, search: str = "") -> list[Evidence]:
    """Return the standing pieces of the pairing that ``viewer`` may use for ``task``."""
    return list(
        db.session.scalars(
            _library(task.pairing, viewer, search)
            .where(Evidence.withdrawn_at.is_(None))
            .order_by(Evidence.id.desc())
            .limit(CHOICE_SIZE)
        )
    )


def get_evidence(evidence_id: int, *, viewer: User) -> Evidence:
    """Return a piece that ``viewer`` may see, with its file and uses. Raises NotVisible."""
    evidence = db.session.scalar(
        sa.select(Evidence)
        .where(Evidence.id == evidence_id, visible_evidence(viewer))
        .options(joinedload(Evidence.file), joinedload(Evidence.added_by))
    )
    if evidence is None:
        raise NotVisible()
    return evidence


def get_use(task: Task, use_id: int) -> EvidenceUse:
    """Return one use of a task that the caller has loaded in scope. Raises NotVisible."""
    use = db.session.scalar(
        sa.select(EvidenceUse)
        .where(EvidenceUse.id == use_id, EvidenceUse.task_id == task.id)
        .options(joinedload(EvidenceUse.evidence), joinedload(EvidenceUse.requirement))
    )
    if use is None:
        raise NotVisible()
    return use


def uses_of(evidence: Evidence, *, viewer: User) -> list[EvidenceUse]:
    """Return where ``evidence`` is used, as far as ``viewer`` may see the tasks."""
    return list(
        db.session.scalars(
            sa.select(EvidenceUse)
            .join(EvidenceUse.task)
            .where(EvidenceUse.evidence_id == evidence.id, visible_tasks(viewer))
            .options(
                contains_eager(EvidenceUse.task).joinedload(Task.plan),
                joinedload(EvidenceUse.requirement),
            )
            .order_by(Task.number, EvidenceUse.id)
        )
    )


def _library(pairing: Pairing, viewer: User, search: str) -> sa.Select[Evidence]:
    """Return the pairing's pieces whose title or file name holds ``search``."""
    statement = (
        sa.select(Evidence)
        .join(Evidence.file)
        .where(Evidence.pairing_id == pairing.id, visible_evidence(viewer))
        .options(contains_eager(Evidence.file), joinedload(Evidence.added_by))
    )
    if search:
        statement = statement.where(
            sa.or_(
                Evidence.title.icontains(search, autoescape=True),
                StoredFile.name.icontains(search, autoescape=True),
            )
        )
    return statement
