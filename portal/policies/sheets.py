"""Who may download, upload and take back a workbook of tasks."""

from datetime import datetime, timedelta

from portal.models import (
    UNDO_HOURS,
    Role,
    SheetImport,
    SheetImportState,
    SheetKind,
    Task,
    User,
)
from portal.policies.decision import Decision, no, yes_if
from portal.policies.plans import can_edit_plan
from portal.policies.tasks import can_work_on

UPLOADERS = {
    SheetKind.PLAN: frozenset({Role.BASE_COORDINATOR}),
    SheetKind.LEDGER: frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER, Role.CONTRIBUTOR}),
}
WHO = {
    SheetKind.PLAN: "只有结对双方的基地管理员可以导入任务清单。",
    SheetKind.LEDGER: "只有结对双方的基地管理员、负责人和任务责任人可以导入任务台账。",
}


def can_import(viewer: User, kind: SheetKind) -> Decision:
    """Whoever may change such rows on their pages; each row is judged by itself again."""
    return yes_if(viewer.role in UPLOADERS[kind], WHO[kind])


def can_handle(viewer: User, sheet: SheetImport) -> Decision:
    """What somebody uploaded is decided and applied by themselves."""
    return yes_if(sheet.user_id == viewer.id, "这份表格由上传人核对和导入。")


def by_the_portal(_viewer: User, _sheet: SheetImport) -> Decision:
    """Nobody takes a step that time takes."""
    return no("逾期未导入的表格由系统自动放弃。")


def can_undo(viewer: User, sheet: SheetImport) -> Decision:
    """Whoever imported it, or a coordinator of the same hospital, if they still import at all.

    That it is also their pairing still is judged by :func:`can_put_back`, task by task.
    """
    if not (may := can_import(viewer, sheet.kind)):
        return may
    return yes_if(
        sheet.user_id == viewer.id or is_colleague(viewer, sheet),
        "只有导入人或本单位的基地管理员可以撤销导入。",
    )


def can_put_back(viewer: User, kind: SheetKind, task: Task) -> Decision:
    """Whoever may still change such a task by a workbook: not who moved away since."""
    if kind is SheetKind.PLAN:
        return can_edit_plan(viewer, task.plan)
    return can_work_on(viewer, task)


def is_colleague(viewer: User, sheet: SheetImport) -> bool:
    """Whether ``viewer`` coordinates the hospital of whoever uploaded ``sheet``."""
    return (
        viewer.role is Role.BASE_COORDINATOR
        and viewer.organisation_id is not None
        and viewer.organisation_id == sheet.user.organisation_id
    )


def undo_until(sheet: SheetImport) -> datetime | None:
    """Return until when the import can be taken back; None if it was not applied."""
    if sheet.state is not SheetImportState.APPLIED or sheet.applied_at is None:
        return None
    return sheet.applied_at + timedelta(hours=UNDO_HOURS)


def undo_in_time(sheet: SheetImport, now: datetime) -> Decision:
    """Say whether it is still time to take the import back."""
    until = undo_until(sheet)
    if until is None:
        return no(f"这份表格当前状态为“{sheet.state.label}”，没有可撤销的导入。")
    return yes_if(now <= until, f"导入已超过 {UNDO_HOURS} 小时，不能整体撤销，请在页面上逐项更正。")
