"""Production refuses to serve with anything of the demonstration, and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal import clock
from portal.config import ConfigurationError, Settings
from portal.extensions import db
from portal.models import Role
from portal.safety import refuse_unsafe_production
from tests.factories import make_user
from tests.support.apps import build_app, dispose, migrate

ROOT = Path(__file__).resolve().parents[2]
GOOD_KEY = "6f0d2c1b9a8e7f4d3c5b6a7980e1f2d3c4b5a697"


def production(url: str, folder: Path, **more: Any) -> Any:
    settings = {"ENVIRONMENT": "production", "SECRET_KEY": GOOD_KEY, "SESSION_COOKIE_SECURE": True}
    return build_app(url, folder, **{**settings, **more})


def test_production_with_a_clean_database_may_serve(
    empty_database_url: str, tmp_path: Path
) -> None:
    app = production(empty_database_url, tmp_path)
    migrate(app)
    with app.app_context():
        make_user(Role.ADMINISTRATOR)
        db.session.commit()
    refuse_unsafe_production(app)
    dispose(app)


def test_production_without_tables_may_be_migrated(empty_database_url: str, tmp_path: Path) -> None:
    app = production(empty_database_url, tmp_path)
    refuse_unsafe_production(app)
    dispose(app)


def test_production_refuses_demonstration_accounts_by_name(
    empty_database_url: str, tmp_path: Path
) -> None:
    app = production(empty_database_url, tmp_path)
    migrate(app)
    with app.app_context():
        make_user(Role.ADMINISTRATOR, username="demo-somebody").is_demo = True
        db.session.commit()
    with pytest.raises(ConfigurationError, match="demo-somebody"):
        refuse_unsafe_production(app)
    app.config["ENVIRONMENT"] = "development"
    refuse_unsafe_production(app)
    dispose(app)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("SECRET_KEY", "short", "PORTAL_SECRET_KEY"),
        ("SECRET_KEY", "change-me" * 5, "PORTAL_SECRET_KEY"),
        ("SECRET_KEY", "the development copy's own key, which is long enough", "PORTAL_SECRET_KEY"),
        ("DEBUG", True, "FLASK_DEBUG"),
        ("SESSION_COOKIE_SECURE", False, "plain http"),
        ("CLOCK_OFFSET_DAYS", -700, "PORTAL_CLOCK_OFFSET_DAYS"),
    ],
)
def test_production_refuses_an_unsafe_setting_and_names_it(
    tmp_path: Path, setting: str, value: Any, says: str
) -> None:
    (tmp_path / "development-secret").write_text(
        "the development copy's own key, which is long enough\n"
    )
    app = production("sqlite://", tmp_path, **{setting: value})
    try:
        with pytest.raises(ConfigurationError, match=says):
            refuse_unsafe_production(app)
    finally:
        clock.set_offset(0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"PORTAL_ENV": "staging"}, "PORTAL_ENV"),
        ({"PORTAL_ENV": "production"}, "PORTAL_SECRET_KEY"),
        ({"PORTAL_SECRET_KEY": GOOD_KEY, "PORTAL_CLOCK_OFFSET_DAYS": "-5"}, "CLOCK_OFFSET"),
        ({"PORTAL_SECRET_KEY": GOOD_KEY, "PORTAL_UPLOAD_LIMIT_MB": "much"}, "UPLOAD_LIMIT"),
        ({"PORTAL_SECRET_KEY": GOOD_KEY, "PORTAL_STORAGE": "tape"}, "'local' or 's3'"),
        ({"PORTAL_SECRET_KEY": GOOD_KEY, "PORTAL_STORAGE": "s3"}, "needs PORTAL_S3_BUCKET"),
        ({"PORTAL_ENV": "development", "PORTAL_STORAGE": "s3"}, "needs PORTAL_S3_BUCKET"),
        ({"PORTAL_ENV": "development", "PORTAL_S3_ACCESS_KEY": "k"}, "belong together"),
        ({"PORTAL_ENV": "development", "PORTAL_IDLE_MINUTES": "0"}, "IDLE_MINUTES must be from 1"),
        ({"PORTAL_ENV": "development", "PORTAL_SESSION_HOURS": "-1"}, "SESSION_HOURS must be from"),
        ({"PORTAL_ENV": "development", "PORTAL_UPLOAD_LIMIT_MB": "-5"}, "LIMIT_MB must be from 1"),
        ({"PORTAL_ENV": "development", "PORTAL_PROXY_HOPS": "-1"}, "PROXY_HOPS must be from 0"),
        ({"PORTAL_ENV": "development", "PORTAL_IDLE_MINUTES": "9" * 12}, "to 100000"),
        ({"PORTAL_ENV": "development", "PORTAL_DELIVERY": "post"}, "'portal', 'nginx'"),
        ({"PORTAL_ENV": "development", "PORTAL_DELIVERY": "redirect"}, "STORAGE=s3"),
        (
            {
                "PORTAL_ENV": "development",
                "PORTAL_DELIVERY": "nginx",
                "PORTAL_STORAGE": "s3",
                "PORTAL_S3_BUCKET": "evidence",
            },
            "STORAGE=local",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused_when_they_are_read(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], says: str
) -> None:
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=says):
        Settings.from_environment()


def test_server_that_may_not_serve_does_not_start_and_says_why(tmp_path: Path) -> None:
    """As an operator would meet it: the demonstration's database under production settings."""
    url = f"sqlite:///{tmp_path}/portal.sqlite3"
    app = build_app(url, tmp_path)
    migrate(app)
    with app.app_context():
        make_user(Role.AUDITOR, username="demo-somebody").is_demo = True
        db.session.commit()
    dispose(app)
    environment = {
        "PATH": os.environ["PATH"],
        "PORTAL_ENV": "production",
        "PORTAL_SECRET_KEY": GOOD_KEY,
        "PORTAL_DATABASE_URL": url,
        "PORTAL_INSTANCE_PATH": str(tmp_path),
    }
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode != 0
    assert "demo-somebody" in started.stderr.splitlines()[-1]
