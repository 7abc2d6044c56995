"""Tasks of a plan being drawn up follow a newer edition of the library, one by one."""

from collections.abc import Mapping

from portal.errors import Rejected
from portal.models import Plan, User
from portal.policies.library_updates import new_texts
from portal.queries.library_updates import Newer, newer_of
from portal.services.plan_changes import note_change, open_for_change
from portal.services.plan_tasks import mark_edited, read_anew, read_values
from portal.services.task_values import write_values
from portal.workflow import check_version, record


def take_over(plan: Plan, seen: Mapping[int, int], *, actor: User) -> int:
    """Give the ticked tasks the text of the published edition; return how many changed.

    ``seen`` has the version of each as the page showed it. Days and persons in charge stay.
    All or nothing. Raises Forbidden, StepRefused, StaleEdit or Rejected.
    """
    chosen = _chosen(plan, seen, actor)
    for one in chosen:
        values = read_values(plan, new_texts(one.task, one.standard), one.task)
        write_values(one.task, values)
        one.task.library_task_id = one.standard.id
        mark_edited(one.task)
    if chosen:
        details = [
            (one.task.code, "、".join(field.label for field in one.fields)) for one in chosen
        ]
        note_change(plan, f"{len(chosen)} 项任务改用新版标准文本", details, actor=actor)
    return len(chosen)


def keep_own(plan: Plan, seen: Mapping[int, int], *, actor: User) -> int:
    """Say that the ticked tasks keep their text though the standard changed; return how many.

    What the leaders endorsed stays as it is, so their endorsements stand. Raises as
    :func:`take_over`.
    """
    chosen = _chosen(plan, seen, actor)
    for one in chosen:
        one.task.library_task_id = one.standard.id
        mark_edited(one.task)
    if chosen:
        record(
            plan,
            "plan",
            action="kept_own",
            title=f"{len(chosen)} 项任务保留原文本，不改用新版",
            actor=actor,
            details=[(one.task.code, one.task.title) for one in chosen],
        )
    return len(chosen)


def _chosen(plan: Plan, seen: Mapping[int, int], actor: User) -> list[Newer]:
    """Return the ticked tasks that are still older than the library, read behind the lock."""
    if not seen:
        raise Rejected({"task": "请先勾选任务。"})
    open_for_change(plan, actor=actor)
    found = [one for one in newer_of(plan) if one.task.id in seen]
    for one in found:
        read_anew(one.task)
        check_version(one.task, seen[one.task.id])
    return found
