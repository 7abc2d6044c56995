"""What a production portal must not have; looked at once, when it starts."""

from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from portal import clock, workdays
from portal.config import ConfigurationError
from portal.extensions import db
from portal.models import User

FEWEST_CHARACTERS = 10
"""A key of 32 characters that uses fewer different ones was typed, not drawn."""


def refuse_unsafe_production(app: Flask) -> None:
    """Raise ConfigurationError, naming every reason, if ``app`` must not serve like this.

    Called by wsgi.py. Does nothing in development, and says nothing of accounts before the
    tables are made: ``flask db upgrade`` loads the same application.
    """
    if app.config["ENVIRONMENT"] != "production":
        return
    reasons = [*_unsafe_settings(app), *_unsafe_accounts(app)]
    if reasons:
        raise ConfigurationError("The portal will not serve like this: " + " ".join(reasons))


def warn_of_old_calendar(app: Flask) -> None:
    """Log a warning when the working calendar does not know this year's holidays yet.

    Monday to Friday then count as working days, so that every "n working days" may be off by
    the make-up days (调休). Called by wsgi.py.
    """
    year = clock.today().year
    if not workdays.knows_year(year):
        app.logger.warning(
            "The working calendar has no holidays of %s: bring chinesecalendar up to date.", year
        )


def _unsafe_settings(app: Flask) -> list[str]:
    """Return what is wrong with the settings."""
    reasons = []
    key = str(app.config["SECRET_KEY"])
    if key == _development_key(app) or len(key) < 32 or len(set(key)) < FEWEST_CHARACTERS:
        reasons.append(
            "PORTAL_SECRET_KEY is a development or made-up key; draw one with"
            " python3 -c 'import secrets; print(secrets.token_hex(32))'."
        )
    if app.debug:
        reasons.append("Debugging is on (FLASK_DEBUG): it would let visitors run code.")
    if clock.offset_days():
        reasons.append("The clock is shifted (PORTAL_CLOCK_OFFSET_DAYS).")
    if not app.config["SESSION_COOKIE_SECURE"]:
        reasons.append("The session cookie would travel over plain http.")
    return reasons


def _development_key(app: Flask) -> str:
    """Return the key that a development copy in the same folder uses, if there is one."""
    path = Path(app.config["INSTANCE_PATH"]) / "development-secret"
    return path.read_text(encoding="ascii").strip() if path.is_file() else ""


def _unsafe_accounts(app: Flask) -> list[str]:
    """Return what is wrong with the accounts: those of the demonstration share one password."""
    with app.app_context():
        if not sa.inspect(db.engine).has_table(User.__tablename__):
            return []
        names = list(
            db.session.scalars(
                sa.select(User.username).where(User.is_demo).order_by(User.username).limit(3)
            )
        )
        # gunicorn forks after this: no process may inherit the connection.
        db.session.remove()
        db.engine.dispose()
    if not names:
        return []
    return [
        f"The database holds demonstration accounts ({', '.join(names)} …), whose password is"
        " public; start with a database of its own."
    ]
