"""Chains of audit entries, and hands that reach past the portal into its tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from portal.audit.entry import link
from portal.extensions import db
from portal.models import AuditEntry, Organisation
from portal.workflow import record
from tests.factories.people import make_organisation

ENTRIES = AuditEntry.__table__


def make_entries(number: int) -> Organisation:
    """Commit ``number`` changes to one organisation, each with an event of its own."""
    hospital = make_organisation()
    db.session.commit()
    for count in range(number):
        hospital.city = f"某市{count}"
        record(hospital, "organisation", action="edited", title=f"第 {count} 次修改", actor=None)
        db.session.commit()
    return hospital


def entries(**equal: Any) -> list[AuditEntry]:
    """Return the entries as they stand in the database, oldest first."""
    db.session.expire_all()
    found = sa.select(AuditEntry).filter_by(**equal).order_by(AuditEntry.position)
    return list(db.session.scalars(found))


def last_entry() -> AuditEntry:
    return entries()[-1]


def allow_rewriting() -> None:
    """Drop the triggers, as somebody who owns the database could."""
    connection = db.session.connection()
    for table in ("events", "audit_entries"):
        names = (
            [f"{table}_no_update", f"{table}_no_delete"]
            if connection.dialect.name == "sqlite"
            else [f"{table}_append_only"]
        )
        of = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}{of}")


def rewrite(at: int, /, **values: Any) -> None:
    """Change an entry behind the portal's back."""
    changed = sa.update(ENTRIES).where(ENTRIES.c.position == at).values(**values)
    db.session.connection().execute(changed)


def remove(*positions: int) -> None:
    gone = sa.delete(ENTRIES).where(ENTRIES.c.position.in_(positions))
    db.session.connection().execute(gone)


def forge(position: int, **said: str) -> None:
    """Change what an entry says and seals, with the right hash for it: its columns agree."""
    entry = next(one for one in entries() if one.position == position)
    sealed = entry.sealed
    for name, text in said.items():
        sealed = sealed.replace(f'"{name}":"{getattr(entry, name)}"', f'"{name}":"{text}"')
    rewrite(position, **said, sealed=sealed, hash=link(entry.previous, sealed))
