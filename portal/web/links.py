"""Addresses of pages, by endpoint."""

from typing import Any

from flask import current_app, url_for


def url_if_known(endpoint: str, **values: Any) -> str | None:
    """Return the address of ``endpoint``, or None in a portal that has no such page."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None
