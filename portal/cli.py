"""Commands of the operator, run as ``flask <name>``."""

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from portal import clock
from portal.extensions import db


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(seed_demo)
    app.cli.add_command(demo_accounts)
    app.cli.add_command(create_admin)


@click.command("seed-demo")
@with_appcontext
def seed_demo() -> None:
    """Fill an empty database with the demonstration of the programme of 2020."""
    from portal.demo import seed

    if current_app.config["ENVIRONMENT"] != "development":
        raise click.ClickException("Demonstration data are for PORTAL_ENV=development only.")
    if not seed.is_empty():
        click.echo("The database already holds data; nothing was added.")
        return
    seed.seed()
    db.session.commit()
    note = Path(current_app.config["INSTANCE_PATH"]) / "demo-clock"
    note.write_text(f"{clock.offset_days()}\n", encoding="ascii")
    click.echo("The demonstration of the 2020 programme is ready.")


@click.command("demo-accounts")
@with_appcontext
def demo_accounts() -> None:
    """Print one demonstration account for each role."""
    from portal.demo.people import PASSWORD, shown_accounts

    accounts = shown_accounts()
    if not accounts:
        return
    click.echo(f"Demonstration accounts (password of all: {PASSWORD})")
    for user in accounts:
        click.echo(f"  {user.username:24} {user.role.label}  {user.organisation_name}  {user.name}")


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
