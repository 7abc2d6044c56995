"""The pairing-assistance portal: create_app() puts the parts together."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from portal import clock, passwords, scanner, sealing
from portal.config import Settings

REQUEST_FILES = 4
"""How many files of the largest size one request may carry."""

COOKIE_LIFE = timedelta(days=7)
"""How long the cookie lives beyond the longest session."""


def create_app(overrides: dict[str, Any] | None = None) -> Flask:
    """Build the application from PORTAL_* variables, or from ``overrides`` in tests.

    With ``overrides`` the environment is not read: tests and tools say all they need.
    Raises portal.config.ConfigurationError where production would start unsafely.
    """
    app = Flask("portal", instance_relative_config=False)
    app.config.update(_configuration(overrides))
    clock.set_offset(app.config["CLOCK_OFFSET_DAYS"])
    passwords.use_cost(app.config["PASSWORD_HASH_COST"])
    sealing.use_key(app.config["SECRET_KEY"], app.config["SECRET_KEY_OLD"])
    scanner.use(scanner.at(app.config["CLAMD"]))
    _connect_database(app)
    _connect_extensions(app)
    _connect_pages(app)
    return app


def _configuration(overrides: dict[str, Any] | None) -> dict[str, Any]:
    """Return the Flask configuration."""
    if overrides is None:
        return Settings.from_environment().flask_config()
    defaults = Settings(environment="development", secret_key="not-a-secret").flask_config()
    return {**defaults, **overrides}


def _connect_database(app: Flask) -> None:
    """Engine options, migrations and the file store."""
    from portal import (
        audit,  # noqa: F401  (so do its own: whatever is committed leaves an entry)
        database,  # noqa: F401  (its listeners prepare every connection)
        storage,
    )
    from portal.documents.previews import keeping
    from portal.extensions import db, migrate

    instance = Path(app.config["INSTANCE_PATH"])
    instance.mkdir(parents=True, exist_ok=True)
    url: str = app.config["DATABASE_URL"]
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    # The portal asks more different questions than SQLAlchemy keeps compiled by default (500).
    app.config.setdefault(
        "SQLALCHEMY_ENGINE_OPTIONS",
        {
            "pool_pre_ping": not url.startswith("sqlite"),
            "query_cache_size": 1500,
            # A failed statement goes to the log without the hashes and texts that it carried.
            "hide_parameters": app.config["ENVIRONMENT"] != "development",
        },
    )
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(__file__).resolve().parent.parent / "migrations"))
    keeping.use(instance / "cache")
    kept = storage.build(app.config["STORAGE"], instance / "files")
    storage.use(kept, upload_limit=app.config["UPLOAD_LIMIT"])


def _connect_extensions(app: Flask) -> None:
    """Log-in, CSRF and the habits of every request."""
    from portal.extensions import csrf
    from portal.web import accounts, audit, errors, requests, single_sign_on, templating

    app.config["WTF_I18N_ENABLED"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # Several files may come in one form; each is measured by itself (services/files.py), so
    # that a file too large is refused beside its field and what was typed comes back.
    app.config["MAX_CONTENT_LENGTH"] = REQUEST_FILES * app.config["UPLOAD_LIMIT"]
    app.config["MAX_FORM_MEMORY_SIZE"] = 4 * 1024 * 1024
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    # How long the cookie lives; the session itself ends earlier, by its row (web/accounts.py).
    # Until then it is known who had typed what comes too late.
    longest = timedelta(hours=app.config["SESSION_HOURS"])
    app.config["PERMANENT_SESSION_LIFETIME"] = longest + COOKIE_LIFE
    # Answers to parallel requests must not put back what one of them has changed in the cookie.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    # First, because loading the account already opens the transaction that it decides about.
    requests.init_app(app)
    # Before the check of the form's token: whoever is logged out is told so, and nothing else.
    accounts.init_app(app)
    audit.init_app(app)
    csrf.init_app(app)
    templating.init_app(app)
    single_sign_on.init_app(app)
    errors.init_app(app)


def _connect_pages(app: Flask) -> None:
    """Blueprints and commands."""
    from portal import cli
    from portal.blueprints import register_blueprints

    register_blueprints(app)
    cli.init_app(app)
