"""What templates can use: filters, static addresses with a fingerprint, navigation."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from flask import Flask, current_app, request, url_for
from flask_login import current_user

from portal import clock
from portal.models import LabelledEnum, Weight
from portal.policies.goal_figures import show_number
from portal.queries.changes import readable
from portal.web.accounts import actor
from portal.web.devices import device_name
from portal.web.navigation import home_url, navigation
from portal.web.pairing_tabs import pairing_tabs

VENDOR = ("vendor/bootstrap.min.css", "vendor/htmx.min.js", "vendor/icons.svg")


def init_app(app: Flask) -> None:
    """Set up Jinja."""
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.filters.update(
        date=long_date,
        shortdate=short_date,
        datetime=moment,
        decimal=two_places,
        figure=show_number,
        filesize=file_size,
        weight=weight_label,
        device=device_name,
        readable=readable,
    )
    app.jinja_env.globals.update(
        static_url=static_url,
        once_key=once_key,
        pairing_tabs=pairing_tabs,
        choice_pairs=choice_pairs,
    )
    # A global, because imported macros do not see what a context processor adds.
    app.jinja_env.globals["vendor_missing"] = _vendor_missing(app.static_folder or "")
    app.context_processor(_shared_context)


def _shared_context() -> dict[str, Any]:
    """Return what every page of the layout needs."""
    return {
        "navigation": navigation(),
        "home_url": home_url(actor()) if current_user.is_authenticated else "/",
        "account_url": url_for("account.show_account"),
        "logout_url": url_for("auth.log_out"),
        "today": clock.today(),
        "demo_date": clock.today() if current_app.config["CLOCK_OFFSET_DAYS"] else None,
        "request_path": request.path,
    }


def long_date(day: date | datetime | None) -> str:
    """Return 2020年5月22日, or a dash."""
    if day is None:
        return "—"
    if isinstance(day, datetime):
        day = clock.local_date(day)
    return f"{day.year}年{day.month}月{day.day}日"


def short_date(day: date | datetime | None) -> str:
    """Return 2020-05-22, or a dash."""
    if day is None:
        return "—"
    if isinstance(day, datetime):
        day = clock.local_date(day)
    return day.isoformat()


def moment(at: datetime | None) -> str:
    """Return 2020-05-22 14:30 on Shanghai's clock, or a dash."""
    return clock.local(at).strftime("%Y-%m-%d %H:%M") if at else "—"


def two_places(value: Decimal | float | int | None) -> str:
    """Return a score with two places, or a dash."""
    return "—" if value is None else f"{Decimal(value):.2f}"


def weight_label(weight: int) -> Weight:
    """Return the label of a task's weight, for ``ui.state``."""
    return Weight(str(weight))


def file_size(size: int) -> str:
    """Return a size in bytes as people say it."""
    amount = float(size)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


def choice_pairs(members: Iterable[LabelledEnum]) -> list[tuple[str, str]]:
    """Return (slug, label) pairs for a filter's list."""
    return [(member.value, member.label) for member in members]


def once_key() -> str:
    """Return a fresh key that makes one form count once."""
    return secrets.token_urlsafe(16)


def static_url(path: str) -> str:
    """Return the address of a static file with its fingerprint, so it can be cached for good."""
    return _static_address(current_app.static_folder or "", request.script_root, path)


@cache
def _static_address(folder: str, _root: str, path: str) -> str:
    """Every page names the same files: their addresses are built once for each place it runs at."""
    return url_for("static", filename=path, v=_fingerprint(folder, path))


def _fingerprint(folder: str, path: str) -> str:
    file = Path(folder) / path
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "missing"


def _vendor_missing(folder: str) -> bool:
    """Whether set-up could not fetch the third-party static files."""
    return not all((Path(folder) / name).is_file() for name in VENDOR)
