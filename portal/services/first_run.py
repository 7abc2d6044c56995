"""What a new portal starts with: organisations, the task library and the scoring scheme."""

from decimal import Decimal

import sqlalchemy as sa

from portal import clock, reference_data
from portal.extensions import db
from portal.models import (
    Area,
    BaseKind,
    EditionState,
    ItemMode,
    ItemSide,
    LibraryEdition,
    LibraryTask,
    Organisation,
    OrganisationKind,
    Recurrence,
    Scheme,
    ScoreItem,
    TrainingBase,
)


def load_organisations() -> dict[str, Organisation]:
    """Add the organisations of the shipped file that are not there yet; return all by name."""
    known = {one.name: one for one in db.session.scalars(sa.select(Organisation))}
    for entry in reference_data.load("organisations_hainan")["organisation"]:
        if entry["name"] in known:
            continue
        known[entry["name"]] = Organisation(
            name=entry["name"],
            short_name=entry["short_name"],
            kind=OrganisationKind(entry["kind"]),
            city=entry.get("city", ""),
            bases=[TrainingBase(kind=BaseKind(kind)) for kind in entry.get("base_kinds", [])],
        )
        db.session.add(known[entry["name"]])
    db.session.flush()
    return known


def load_task_library() -> None:
    """Add the shipped edition of the task library, unless it is there."""
    data = reference_data.load("task_library_2020")
    edition = data["edition"]
    if db.session.scalar(sa.select(LibraryTask.id).where(LibraryTask.edition == edition).limit(1)):
        return
    db.session.add(
        LibraryEdition(
            edition=edition,
            title=data["title"],
            state=EditionState.PUBLISHED,
            created_at=clock.now(),
            published_at=clock.now(),
        )
    )
    db.session.flush()
    for position, entry in enumerate(data["task"]):
        db.session.add(
            LibraryTask(
                edition=edition,
                code=entry["code"],
                position=position,
                area=Area(entry["area"]),
                title=entry["title"],
                description=entry["description"],
                criteria=entry["criteria"],
                evidence=entry["evidence"],
                weight=entry["weight"],
                due_months=entry["due_months"],
                recurrence=Recurrence(entry["recurrence"]),
                checks=entry["check"],
                base_kinds=entry["base_kinds"],
                basis=entry["basis"],
                verified=entry["verified"],
            )
        )
    db.session.flush()


def load_scheme() -> Scheme:
    """Add the shipped edition of the scoring scheme, unless it is there; return it."""
    data = reference_data.load("scheme_2020")
    scheme = db.session.scalar(sa.select(Scheme).where(Scheme.edition == data["edition"]))
    if scheme is not None:
        return scheme
    scheme = Scheme(
        edition=data["edition"],
        title=data["title"],
        source=data["source"],
        verified=data["verified"],
        parameters=data["parameters"],
        grades=[{"grade": band["slug"], "min": band["min_score"]} for band in data["grade"]],
        caps=data["cap"],
    )
    db.session.add(scheme)
    by_code: dict[str, ScoreItem] = {}
    for position, entry in enumerate(data["item"]):
        item = ScoreItem(
            scheme=scheme,
            parent=by_code.get(entry["parent"]),
            position=position,
            code=entry["code"],
            title=entry["title"],
            points=Decimal(entry["points"]),
            side=ItemSide(entry["side"]),
            mode=ItemMode(entry["mode"]),
            rule=entry.get("rule", ""),
            guidance=entry["guidance"],
        )
        db.session.add(item)
        by_code[entry["code"]] = item
    db.session.flush()
    return scheme
