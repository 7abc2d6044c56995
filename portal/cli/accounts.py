"""Accounts that no page can make: ``flask create-admin``."""

import click
from flask.cli import with_appcontext

from portal.extensions import db


@click.command("create-admin")
@click.argument("username")
@click.argument("name")
@with_appcontext
def create_admin(username: str, name: str) -> None:
    """Add the first administrator USERNAME, called NAME; print the initial password, once."""
    from portal.errors import PortalError
    from portal.services.users import first_administrator

    try:
        issued = first_administrator(username.strip().lower(), name.strip())
    except PortalError as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"The administrator {issued.user.username} must set a password at first log-in.")
    click.echo(f"Initial password: {issued.password}")
