"""What is kept of workbooks that nobody finished, or that can no longer be taken back."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import UNDO_HOURS, SheetImport, SheetImportState
from portal.services.sheet_imports import about, empty, hold
from portal.workflow import transition
from portal.workflow.sheets import SHEET

FORGOTTEN_DAYS = 7
UNFINISHED = (SheetImportState.READING, SheetImportState.CHECKED)
OVER = (SheetImportState.APPLIED, SheetImportState.UNDONE)


def discard_forgotten() -> int:
    """Discard the imports in which nothing happened for so many days; return how many."""
    before = clock.now() - timedelta(days=FORGOTTEN_DAYS)
    found = 0
    for sheet in _of(SheetImport.state.in_(UNFINISHED), SheetImport.state_since < before):
        hold(sheet)
        # Somebody may have gone on with it while others were discarded.
        if sheet.state in UNFINISHED and sheet.state_since < before:
            transition(SHEET, sheet, "expire", actor=None, details=about(sheet))
            empty(sheet)
            found += 1
    db.session.flush()
    return found


def empty_past_undo() -> int:
    """Drop what would take back imports past their time, and their rows; return how many.

    What they changed stays in their findings, and in the histories.
    """
    before = clock.now() - timedelta(hours=UNDO_HOURS)
    kept = sa.or_(*(sa.cast(one, sa.Text) != "[]" for one in (SheetImport.undo, SheetImport.rows)))
    found = _of(SheetImport.state.in_(OVER), SheetImport.applied_at < before, kept)
    for sheet in found:
        sheet.undo, sheet.rows = [], []
    db.session.flush()
    return len(found)


def _of(*wanted: sa.ColumnElement[bool]) -> Sequence[SheetImport]:
    return db.session.scalars(sa.select(SheetImport).where(*wanted).order_by(SheetImport.id)).all()
