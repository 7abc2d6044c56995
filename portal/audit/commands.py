"""Who is at work where no request is served: the operator, by a command or a shell."""

import getpass
import uuid
from dataclasses import replace

import click
from sqlalchemy.orm import Session

from portal.audit.chain import append
from portal.audit.entry import Entry
from portal.models import AuditKind, AuditResult


def command_entry(changes: list[dict[str, object]]) -> Entry:
    """Describe the present command, or a transaction of no command at all."""
    context = click.get_current_context(silent=True)
    name = _name(context) if context else ""
    return Entry(
        AuditKind.COMMAND,
        action=name or "session",
        title=f"后台命令：{name}" if name else "后台写入",
        actor_name=f"服务器操作员 {_operator()}".strip(),
        changes=changes,
    )


def record_command(session: Session, title: str, result: AuditResult) -> None:
    """Add an entry for a command that changes nothing itself; the caller commits."""
    append(session, replace(command_entry([]), title=title, result=result), uuid.uuid4().hex)


def _name(context: click.Context) -> str:
    """Return the command without the program before it and without what follows it."""
    return context.command_path.partition(" ")[2] or context.command_path


def _operator() -> str:
    """Return the name of the account on the server; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
