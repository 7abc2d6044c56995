"""The demonstration: ``flask seed-demo`` and ``flask demo-accounts``."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import clock
from portal.extensions import db


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
