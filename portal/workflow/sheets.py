"""A workbook that came back: checked → imported → taken back, or put aside before."""

from portal.models import SheetImport, SheetImportState
from portal.policies.sheet_findings import missing_for_apply
from portal.policies.sheets import by_the_portal, can_handle, can_undo
from portal.workflow.engine import Step, Workflow

S = SheetImportState

SHEET: Workflow[SheetImport] = Workflow(
    object_type="sheet_import",
    noun="这份表格",
    steps=(
        Step(
            "check",
            "核对",
            "核对完表格",
            frozenset({S.READING}),
            S.CHECKED,
            can_handle,
        ),
        Step(
            "import",
            "导入",
            "导入表格",
            frozenset({S.CHECKED}),
            S.APPLIED,
            can_handle,
            missing_for_apply,
            tone="success",
        ),
        Step(
            "discard",
            "放弃",
            "放弃表格，没有写入任何内容",
            frozenset({S.READING, S.CHECKED}),
            S.DISCARDED,
            can_handle,
        ),
        Step(
            "expire",
            "清理",
            "表格逾期未导入，自动放弃",
            frozenset({S.READING, S.CHECKED}),
            S.DISCARDED,
            by_the_portal,
            by_itself=True,
        ),
        Step(
            "undo",
            "撤销",
            "撤销表格导入",
            frozenset({S.APPLIED}),
            S.UNDONE,
            can_undo,
            tone="warning",
        ),
    ),
)
