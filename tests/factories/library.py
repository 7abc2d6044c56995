"""The library of standard tasks in its conditions: a draft, changed drafts, examples."""

from collections.abc import Iterable

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    LibraryEdition,
    LibraryExample,
    LibraryTask,
    Plan,
    Task,
    TaskState,
    User,
)
from portal.services import library_editions
from portal.services.library_tasks import StandardEntry, edit_standard_task
from tests.factories.plans import make_library_task
from tests.factories.scenes import Scene
from tests.factories.tasks import make_task

LETTERS = dict(zip(Area, "ABCDE", strict=True))


def make_library(edition: str = "2020-1", *, each: int = 2) -> list[LibraryTask]:
    """Publish an edition with ``each`` standard tasks in every area."""
    return [
        make_library_task(
            f"{LETTERS[area]}-{number:02d}",
            area=area,
            edition=edition,
            position=area.number * 10 + number,
        )
        for area in Area
        for number in range(1, each + 1)
    ]


def draft_edition(scene: Scene, *, by: User | None = None) -> LibraryEdition:
    """Begin a draft, from a small published library if there is none yet."""
    if db.session.query(LibraryEdition).first() is None:
        make_library()
    return library_editions.start_draft(actor=by or scene.centre)


def standard(edition: LibraryEdition, code: str = "A-01") -> LibraryTask:
    """Return the edition's task of that code."""
    return db.session.query(LibraryTask).filter_by(edition=edition.edition, code=code).one()


def entry_of(task: LibraryTask, **changed: object) -> StandardEntry:
    """Return the form of ``task`` as it stands, but for ``changed``."""
    values: dict[str, object] = {
        name: getattr(task, name) for name in StandardEntry.__dataclass_fields__
    }
    for name in ("evidence", "checks", "base_kinds", "item_keys"):
        values[name] = tuple(task.__getattribute__(name))
    values["milestones"] = tuple((title, months) for title, months in task.milestones)
    return StandardEntry(**{**values, **changed})  # type: ignore[arg-type]


def changed_draft(
    scene: Scene, codes: Iterable[str] = ("A-01",), *, by: User | None = None
) -> LibraryEdition:
    """A draft in which the criteria of ``codes`` are new."""
    edition = draft_edition(scene, by=by)
    for code in codes:
        task = standard(edition, code)
        entry = entry_of(task, criteria="新的验收标准。")
        edit_standard_task(task, entry, seen_version=None, actor=by or scene.centre)
    return edition


def made_from(plan: Plan, source: LibraryTask, state: TaskState = TaskState.NOT_STARTED) -> Task:
    """Add a task to ``plan`` that says what the standard task says."""
    task = make_task(plan, area=source.area, title=source.title, state=state)
    task.code, task.criteria = source.code, source.criteria
    task.description, task.library_task_id = source.description, source.id
    db.session.flush()
    return task


def make_example(task: Task, *, by: User, names_hospitals: bool = False) -> LibraryExample:
    """Show a task as an example of its standard task."""
    source = db.session.get_one(LibraryTask, task.library_task_id)
    example = LibraryExample(
        code=source.code,
        task=task,
        summary="三个月内完成，院长办公会每月调度一次。",
        names_hospitals=names_hospitals,
        promoted_by=by,
        promoted_at=clock.now(),
    )
    db.session.add(example)
    db.session.flush()
    return example
