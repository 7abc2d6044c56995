"""Accounts that no page can make: ``flask create-admin``."""

import click
from flask.cli import with_appcontext

from portal.extensions import db


@click.command("create-admin")
@click.argument("username")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["administrator", "security_administrator"]),
    default="administrator",
    show_default=True,
    help="The first keeps organisations, the second accounts and their safety.",
)
@with_appcontext
def create_admin(username: str, name: str, role: str) -> None:
    """Add the first account USERNAME, called NAME, of a role; print its initial password, once."""
    from portal.errors import PortalError
    from portal.models import Role
    from portal.services.users import first_administrator

    try:
        issued = first_administrator(username.strip().lower(), name.strip(), Role(role))
    except PortalError as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"The administrator {issued.user.username} must set a password at first log-in.")
    click.echo(f"Initial password: {issued.password}")
