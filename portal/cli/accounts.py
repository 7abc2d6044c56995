"""What no page can do to accounts: ``flask create-admin``, ``flask reset-second-factor``."""

import click
import sqlalchemy as sa
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


@click.command("reset-second-factor")
@click.argument("username")
@with_appcontext
def reset_second_factor(username: str) -> None:
    """Take the second factor off the account USERNAME, when nobody is left who could."""
    from portal.errors import PortalError
    from portal.models import User
    from portal.services.second_factor import reset

    user = db.session.scalar(sa.select(User).where(User.username == username.strip().lower()))
    if user is None:
        raise click.ClickException(f"There is no account {username}.")
    try:
        reset(user, actor=None)
    except PortalError as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    db.session.commit()
    click.echo(f"{user.username} has no second factor any more; every session has ended.")
