"""Backups: ``flask backup``, ``flask backup-verify`` and ``flask restore``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from portal import storage
from portal.extensions import db, migrate

if TYPE_CHECKING:
    from portal.backup import Manifest


@click.command("backup")
@click.argument("destination", type=click.Path(path_type=Path))
@click.option(
    "--reuse",
    type=click.Path(path_type=Path),
    help="An earlier backup in a folder: its unchanged files are linked, not copied.",
)
@click.option(
    "--accept-missing",
    is_flag=True,
    help="Name files that the store has lost in the manifest, instead of stopping.",
)
@with_appcontext
def backup(destination: Path, reuse: Path | None, accept_missing: bool) -> None:
    """Write the database and all files to DESTINATION: a folder, or one file ending in .tar.

    People may go on working meanwhile. PORTAL_SECRET_KEY is not inside: keep it apart.
    """
    from portal import audit
    from portal.backup import make_backup

    with _refusals():
        manifest = make_backup(
            destination,
            engine=db.engine,
            store=storage.store(),
            reuse=reuse,
            accept_missing=accept_missing,
        )
    click.echo(f"Backed up to {destination}: {_summary(manifest)}.")
    for sha256 in manifest.lost:
        click.echo(f"  missing from the file store: {sha256}", err=True)
    if manifest.holds.revision == _revisions()[0]:
        audit.insist(db.session())
        db.session.commit()


@click.command("backup-verify")
@click.argument("source", type=click.Path(path_type=Path))
def backup_verify(source: Path) -> None:
    """Read the backup at SOURCE from end to end, without restoring it."""
    from portal.backup import verify_backup

    with _refusals():
        manifest = verify_backup(source)
    click.echo(f"The backup is whole: {_summary(manifest)}.")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@with_appcontext
def restore(source: Path) -> None:
    """Restore the backup at SOURCE into an empty database and an empty file store."""
    from portal import audit
    from portal.backup import restore_backup, settle

    known = _revisions()
    with _refusals():
        done = restore_backup(source, engine=db.engine, store=storage.store(), revisions=[*known])
    click.echo(f"Restored: {_summary(done.manifest)}.")
    if done.found:
        click.echo(f"{done.found} files were there already, unchanged.")
    for sha256 in done.manifest.lost:
        click.echo(f"  was missing already when the backup was made: {sha256}", err=True)
    if done.manifest.holds.revision != known[0]:
        _migrate(done.manifest.holds.revision, known[0])
    audit.insist(db.session())
    settled = settle(db.session)
    db.session.commit()
    click.echo(
        f"Everybody must log in anew ({settled.sessions} log-ins ended);"
        f" {settled.uploads} unfinished uploads were cancelled;"
        f" {settled.links} invitations and phone links were revoked."
    )


def _revisions() -> list[str]:
    """Return the revisions this portal can migrate from, the newest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(migrate.directory))
    return [script.revision for script in scripts.walk_revisions()]


def _migrate(older: str, newest: str) -> None:
    """Bring restored tables up to date."""
    import flask_migrate

    click.echo(f"The tables are of revision {older}; migrating to {newest}.")
    flask_migrate.upgrade()


def _summary(manifest: "Manifest") -> str:
    """Say in one line what a backup holds."""
    megabytes = sum(manifest.files.values()) / 1_000_000
    parts = [
        f"{manifest.rows} rows in {len(manifest.holds.tables)} tables ({manifest.dialect},"
        f" revision {manifest.holds.revision})",
        f"{len(manifest.files)} files of {megabytes:.1f} MB",
    ]
    if manifest.holds.audit_position:
        parts.append(f"audit log up to {manifest.holds.audit_position}")
    return ", ".join([*parts, f"as of {manifest.made_at}"])


@contextmanager
def _refusals() -> Iterator[None]:
    """Print a refusal as one sentence, with exit status 1."""
    from portal.backup import BackupError

    try:
        yield
    except BackupError as refusal:
        raise click.ClickException(str(refusal)) from refusal
