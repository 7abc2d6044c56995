"""What a new portal starts with: organisations, the library, the scheme, the survey's sheet."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from portal import clock, reference_data
from portal.extensions import db
from portal.models import (
    Area,
    BaseKind,
    Comparison,
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
    Standard,
    SurveyItem,
    SurveyItemKind,
    SurveyTemplate,
    TrainingBase,
)


def load_missing() -> None:
    """Add whatever ships with this version and is not there yet. Changes nothing that is.

    A portal set up by an older version gets the newer files' content in the same way.
    """
    load_task_library()
    fill_item_keys()
    load_scheme()
    load_survey_template()
    load_standards()


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
                measures=entry["measures"],
                evidence=entry["evidence"],
                weight=entry["weight"],
                due_months=entry["due_months"],
                recurrence=Recurrence(entry["recurrence"]),
                checks=entry["check"],
                base_kinds=entry["base_kinds"],
                basis=entry["basis"],
                verified=entry["verified"],
                item_keys=entry["item_keys"],
            )
        )
    db.session.flush()


def fill_item_keys() -> None:
    """Tell the shipped edition's tasks which items of the survey they mend, and by what measures.

    For an edition that was loaded before tasks had either: what is told already stays.
    """
    data = reference_data.load("task_library_2020")
    shipped = {entry["code"]: entry for entry in data["task"]}
    loaded = sa.select(LibraryTask).where(LibraryTask.edition == data["edition"])
    for task in db.session.scalars(loaded):
        if task.code in shipped:
            task.item_keys = task.item_keys or list(shipped[task.code]["item_keys"])
            task.measures = task.measures or shipped[task.code]["measures"]
    db.session.flush()


def load_standards() -> None:
    """Add the shipped standards that are not there yet; one of the same edition is left alone."""
    rows = db.session.execute(sa.select(Standard.key, Standard.edition))
    there = {(row.key, row.edition) for row in rows}
    for position, entry in enumerate(reference_data.load("standards")["standard"], 1):
        if (entry["key"], entry["edition"]) in there:
            continue
        db.session.add(
            Standard(
                key=entry["key"],
                edition=entry["edition"],
                position=position,
                title=entry["title"],
                comparison=Comparison(entry["comparison"]),
                low=_number(entry.get("low")),
                high=_number(entry.get("high")),
                unit=entry.get("unit", ""),
                base_kinds=entry["base_kinds"],
                source=entry["source"],
                verified=entry["verified"],
                note=entry.get("note", ""),
            )
        )
    db.session.flush()


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


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


def load_survey_template() -> SurveyTemplate:
    """Add the shipped edition of the baseline sheet, unless it is there; return it.

    It becomes the one that new surveys take where there is none yet (§12.2).
    """
    data = reference_data.load("survey_template_2020")
    known = db.session.scalar(
        sa.select(SurveyTemplate).where(SurveyTemplate.edition == data["edition"])
    )
    if known is not None:
        return known
    current = sa.select(SurveyTemplate.id).where(SurveyTemplate.is_current)
    template = SurveyTemplate(
        edition=data["edition"],
        title=data["title"],
        source=data["source"],
        is_current=db.session.scalar(current.limit(1)) is None,
        created_at=clock.now(),
        items=[_survey_item(position, entry) for position, entry in enumerate(data["item"])],
    )
    db.session.add(template)
    db.session.flush()
    return template


def _survey_item(position: int, entry: dict[str, Any]) -> SurveyItem:
    """Return one question of the sheet; without an area it is about the hospital as a whole."""
    return SurveyItem(
        position=position,
        key=entry["key"],
        area=Area(entry["area"]) if "area" in entry else None,
        section=entry["section"],
        label=entry["label"],
        kind=SurveyItemKind(entry["kind"]),
        unit=entry.get("unit", ""),
        hint=entry.get("hint", ""),
        options=entry.get("options", {}),
        standard_key=entry.get("standard_key", ""),
        is_required=entry.get("required", False),
    )
