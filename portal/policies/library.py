"""Who may change the library of standard tasks, publish an edition and show an example."""

import sqlalchemy as sa
from sqlalchemy.orm import object_session

from portal.models import Event, LibraryEdition, Role, Task, TaskState, User
from portal.policies.decision import Decision, no, yes_if

PUBLISHERS = (Role.COMMISSION_OFFICER, Role.CENTRE_REVIEWER)


def sees_drafts(viewer: User) -> bool:
    """Whether ``viewer`` reads an edition before it is published: the province does."""
    return viewer.role in PUBLISHERS


def can_edit_library(viewer: User) -> Decision:
    """The centre writes the library (issue 4 §3)."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "标准任务库由省中心编辑。")


def can_publish_edition(viewer: User, edition: LibraryEdition) -> Decision:
    """Four eyes: the commission, or a reviewer of the centre who wrote none of it."""
    if viewer.role not in PUBLISHERS:
        return no("新版标准任务库由省卫健委或省中心发布。")
    return yes_if(
        not _has_written(viewer, edition),
        "您起草或编辑过这一版，须由省卫健委或省中心未参与编辑的审核员发布。",
    )


def _has_written(viewer: User, edition: LibraryEdition) -> bool:
    """Whether ``viewer`` began the draft or edited it, last or before others did."""
    if viewer.id in (edition.edited_by_id, edition.created_by_id):
        return True
    session = object_session(edition)
    written = sa.select(Event.id).where(
        Event.object_type == "library_edition",
        Event.object_id == edition.id,
        Event.action.in_(("started", "edited")),
        Event.actor_id == viewer.id,
    )
    return session is not None and session.scalar(written.limit(1)) is not None


def can_retire_edition(viewer: User, _edition: LibraryEdition) -> Decision:
    """An edition is retired by whoever publishes the next one."""
    return yes_if(viewer.role in PUBLISHERS, "标准任务库由省卫健委或省中心发布和停用。")


def can_manage_examples(viewer: User) -> Decision:
    """The centre chooses what serves as an example, and takes it back."""
    return yes_if(viewer.role is Role.CENTRE_REVIEWER, "示范案例由省中心推荐和撤回。")


def may_be_example(task: Task) -> Decision:
    """Only a closed task that was made from a standard task has a place to be shown at."""
    if task.library_task_id is None:
        return no("自定任务不对应标准任务，不能列为示范案例。")
    return yes_if(task.state is TaskState.CLOSED, "任务销号以后才能列为示范案例。")
