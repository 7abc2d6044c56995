"""Commands of the operator, run as ``flask <name>``; one module for each concern."""

from flask import Flask
from flask_migrate.cli import db as tables

from portal.cli import accounts, agreements, audit, backup, demo, files, imports, reference
from portal.cli.plainly import say_plainly

COMMANDS = (
    accounts.create_admin,
    accounts.reset_second_factor,
    agreements.check_agreements,
    audit.audit_commands,
    backup.backup,
    backup.backup_verify,
    backup.restore,
    demo.demo_accounts,
    demo.seed_demo,
    files.files,
    imports.imports,
    reference.load_data,
)


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in COMMANDS:
        say_plainly(command)
        app.cli.add_command(command)
    say_plainly(tables)
