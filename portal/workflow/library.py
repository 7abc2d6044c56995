"""An edition of the library: draft → published → retired (one draft, one published)."""

import sqlalchemy as sa

from portal.models import Area, EditionState, LibraryEdition, LibraryTask
from portal.policies.library import can_publish_edition, can_retire_edition
from portal.policies.library_changes import areas_in_new_order, compare
from portal.workflow.engine import Step, Workflow, session_of


def missing_to_publish(edition: LibraryEdition) -> list[str]:
    """Return what keeps a draft from replacing the edition it was copied from."""
    after = edition.tasks
    before = _tasks_of(edition, edition.based_on)
    gaps = []
    if not compare(before, after) and not areas_in_new_order(before, after):
        gaps.append("与现行版本还没有差别")
    covered = {task.area for task in after}
    gaps += [f"“{area.label}”没有标准任务" for area in Area if area not in covered]
    return gaps


def _tasks_of(edition: LibraryEdition, name: str) -> list[LibraryTask]:
    """Return the tasks of the edition called ``name``, in their order."""
    return list(
        session_of(edition).scalars(
            sa.select(LibraryTask)
            .where(LibraryTask.edition == name)
            .order_by(LibraryTask.position, LibraryTask.id)
        )
    )


EDITION = Workflow[LibraryEdition](
    object_type="library_edition",
    noun="这一版标准任务库",
    stamp="",
    steps=(
        Step(
            "publish",
            "发布",
            "发布新版标准任务库",
            frozenset({EditionState.DRAFT}),
            EditionState.PUBLISHED,
            may=can_publish_edition,
            missing=missing_to_publish,
            comment_required=True,
            tone="success",
        ),
        Step(
            "retire",
            "停用",
            "新版发布，本版停用",
            frozenset({EditionState.PUBLISHED}),
            EditionState.RETIRED,
            may=can_retire_edition,
        ),
    ),
)
