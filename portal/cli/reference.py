"""What ships with the portal as data: ``flask load-data``."""

import click
from flask.cli import with_appcontext

from portal.extensions import db


@click.command("load-data")
@with_appcontext
def load_data() -> None:
    """Add shipped reference data that are not there yet; run it after every ``db upgrade``."""
    from portal.services.first_run import load_missing

    load_missing()
    db.session.commit()
    click.echo("The shipped reference data are in the database.")
