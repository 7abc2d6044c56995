"""Care of imported workbooks: ``flask imports clean``."""

import click
from flask.cli import with_appcontext

from portal.extensions import db


@click.group("imports")
def imports() -> None:
    """Put forgotten imports of workbooks aside (docs/storage.md)."""


@imports.command("clean")
@with_appcontext
def clean() -> None:
    """Discard imports nobody finished, and drop what took back those that are past it."""
    from portal.services import sheet_cleaning

    discarded = sheet_cleaning.discard_forgotten()
    emptied = sheet_cleaning.empty_past_undo()
    db.session.commit()
    click.echo(
        f"{discarded} imports unfinished for {sheet_cleaning.FORGOTTEN_DAYS} days discarded;"
        f" {emptied} past their time for undoing emptied."
    )
