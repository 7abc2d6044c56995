"""The audit log: ``flask audit verify``."""

import re
import sys
from contextlib import suppress
from typing import Any

import click
from flask.cli import AppGroup

from portal import audit, clock
from portal.audit.verify import BrokenChain, Head, verify
from portal.database import write_intent
from portal.extensions import db
from portal.models import AuditResult

audit_commands = AppGroup("audit", help="Read the audit log back.")

NOTED = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


def _noted(_context: click.Context, _option: click.Parameter, text: str | None) -> Head | None:
    """Read an end of the chain as this command prints it."""
    if text is None:
        return None
    match = NOTED.fullmatch(text.strip().lower())
    if match is None:
        raise click.BadParameter("write it as it was printed, POSITION:HASH")
    return Head(int(match[1]), match[2])


@audit_commands.command("verify")
@click.option("--expect-head", "noted", callback=_noted, help="An end of the chain noted earlier.")
@click.option("--record/--no-record", default=True, help="Whether the log itself says the result.")
def verify_chain(noted: Head | None, record: bool) -> None:
    """Recompute every hash; name the first broken link and exit with 1.

    Without an end noted on paper nobody can tell that the newest entries were taken away
    together: note what this prints, and give it back with --expect-head.
    """
    # People go on working: reading takes no lock.
    meant = write_intent.set(False)
    try:
        head = verify(db.session(), noted)
    except BrokenChain as broken:
        where = f"第 {broken.position} 条" if broken.position else "办理记录"
        when = f"（{clock.local(broken.at):%Y-%m-%d %H:%M:%S}）" if broken.at else ""
        _finish(meant, record, f"未通过：{where}{when}{broken.what}", AuditResult.FAILED)
        click.echo(f"BROKEN at position {broken.position}{_when(broken)}.", err=True)
        click.echo(f"The log says of it: {broken.what}", err=True)
        sys.exit(1)
    _finish(meant, record, f"通过，共 {head.position} 条", AuditResult.DONE)
    click.echo(f"{head.position} entries, every link holds.")
    click.echo(f"Head, to be noted on paper: {head}")


def _when(broken: BrokenChain) -> str:
    """Return when the broken entry was made, if it says so."""
    return f", made {clock.local(broken.at):%Y-%m-%d %H:%M:%S}" if broken.at else ""


def _finish(meant: Any, record: bool, told: str, result: AuditResult) -> None:
    """End the reading, and let the log say what came of it, if it still takes an entry."""
    db.session.rollback()
    write_intent.reset(meant)
    if not record:
        return
    with suppress(RuntimeError):
        audit.record_command(db.session(), f"核对审计日志：{told}", result)
        db.session.commit()
