"""Care of the stored files: ``flask files scan``, ``sweep``, ``verify`` and ``move``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import clock, scanner, storage
from portal.cli.progress import Progress, readable
from portal.database import write_intent
from portal.extensions import db
from portal.models import ScanState

PREVIEW_DAYS = 60


@click.group("files")
def files() -> None:
    """Scan, sweep, verify or move the stored files (docs/storage.md)."""


@files.command("scan")
@click.option("--all", "everything", is_flag=True, help="Also files that may be opened already.")
@with_appcontext
def scan(everything: bool) -> None:
    """Ask the virus scanner about the files that wait for it; safe to run at any time."""
    tally = {ScanState.CLEAN: 0, ScanState.INFECTED: 0}
    unsettled = 0
    for sha256 in _waiting(everything):
        state = _scanned(sha256)
        if state is None:
            unsettled += 1
            continue
        _settle(sha256, state)
        tally[state] += 1
    click.echo(f"{tally[ScanState.CLEAN]} clean, {tally[ScanState.INFECTED]} infected.")
    if unsettled:
        raise click.ClickException(f"{unsettled} could not be scanned and still wait.")


def _waiting(everything: bool) -> Iterator[str]:
    """List the hashes to ask about, a page at a time."""
    from portal.services import scans

    after = ""
    while True:
        with _reading():
            hashes = scans.next_to_scan(after, everything=everything)
        yield from hashes
        if not hashes:
            return
        after = hashes[-1]


def _scanned(sha256: str) -> ScanState | None:
    """Return what the scanner says of one file, or None after naming why it says nothing."""
    from portal.services import scans

    try:
        state = scans.look_at(sha256)
    except (FileNotFoundError, scanner.TooLargeToScan) as error:
        click.echo(f"not scanned: {_named(sha256)}: {error}", err=True)
        return None
    if state is ScanState.NOT_SCANNED:
        raise click.ClickException("PORTAL_CLAMD is not set: nobody can be asked.")
    if state is ScanState.WAITING:
        raise click.ClickException("The virus scanner does not answer; the files still wait.")
    return state


def _settle(sha256: str, state: ScanState) -> None:
    """Note the answer, commit, and remove the bytes of a virus."""
    from portal.services import scans

    settled = scans.settle(sha256, state)
    db.session.commit()
    if state is not ScanState.INFECTED:
        return
    if settled.remove_bytes:
        storage.store().delete(sha256)
    done = "removed" if settled.remove_bytes else "kept but closed, for it already counted"
    click.echo(f"infected, {done}: {_named(sha256)}")


@files.command("sweep")
@with_appcontext
def sweep() -> None:
    """Remove what interrupted uploads left, older than a day; for cron."""
    from portal.documents.previews import keeping
    from portal.services import sweeping

    cancelled = sweeping.cancel_forgotten_uploads()
    db.session.commit()
    with _reading():
        swept = sweeping.sweep()
    click.echo(
        f"{cancelled} uploads cancelled after seven days;"
        f" {swept.arriving} unfinished and {swept.files} without a record removed"
        f" ({readable(swept.size)})."
    )
    click.echo(f"{keeping.tidy(PREVIEW_DAYS)} previews unused for {PREVIEW_DAYS} days removed.")


@files.command("verify")
@with_appcontext
def verify() -> None:
    """Read every file back and name what is missing or changed (exit status 1)."""
    from portal.queries import fixity

    with _reading():
        progress = Progress("verified", fixity.count_hashes())
    faults = 0
    with _reading():
        for checked in fixity.read_back():
            progress.step(checked.size)
            if checked.fault is not None:
                faults += 1
                progress.end()
                click.echo(f"{checked.fault.value}: {_named(checked.sha256)}")
    progress.end()
    click.echo(f"{progress}: {faults} faults." if faults else f"{progress}: all as recorded.")
    if faults:
        raise SystemExit(1)


@files.command("move")
@click.option("--to", "kind", type=click.Choice(["local", "s3"]), required=True)
@click.option("--delete-source", is_flag=True, help="Once all are verified in the new place.")
@with_appcontext
def move(kind: str, delete_source: bool) -> None:
    """Copy every file to the other kind of store; run it again to go on or to catch up."""
    from portal.storage import moving

    begun = clock.machine()
    source, target = _store("s3" if kind == "local" else "local"), _store(kind)
    tally = dict.fromkeys(moving.Outcome, 0)
    progress = Progress("looked at")
    for moved in moving.copy_all(source, target):
        progress.step(moved.size)
        tally[moved.outcome] += 1
        if moved.outcome not in moving.GOOD:
            progress.end()
            click.echo(f"{moved.outcome.value}: {_named(moved.sha256)}")
    progress.end()
    click.echo(f"{progress}: " + ", ".join(f"{n} {what.value}" for what, n in tally.items()))
    if arriving := sum(1 for _ in source.incoming()):
        click.echo(f"{arriving} uploads are still under way and are not moved.")
    if any(n for what, n in tally.items() if what not in moving.GOOD):
        raise click.ClickException("Not everything is in the new place; nothing was deleted.")
    if delete_source:
        removed = moving.delete_moved(source, target, older_than=begun)
        click.echo(f"{removed} removed from the old place.")


@contextmanager
def _reading() -> Iterator[None]:
    """Ask the database without taking its lock, and leave no transaction open afterwards."""
    before = write_intent.set(False)
    try:
        yield
    finally:
        db.session.rollback()
        write_intent.reset(before)


def _store(kind: str) -> storage.FileStore:
    """Return the store of one kind, as the settings describe it."""
    settings = replace(current_app.config["STORAGE"], kind=kind, delivery="portal")
    if reason := settings.wrong():
        raise click.ClickException(reason)
    return storage.build(settings, Path(current_app.config["INSTANCE_PATH"]) / "files")


def _named(sha256: str) -> str:
    """Return a hash with the files that have it, as the operator looks them up."""
    from portal.queries import fixity

    with _reading():
        found = fixity.files_of(sha256)
    return f"{sha256} " + ("; ".join(f"file {n} {name}" for n, name in found) or "(no record)")
