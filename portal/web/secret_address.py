"""Addresses that carry a secret: kept out of every log."""

import re

from flask import Flask, request
from werkzeug.routing import BaseConverter

MASK = "***"
SECRET_NAME = re.compile(r"<secret:([a-z_]+)>")
LOOKS_SECRET = re.compile(r"(?<=/)[A-Za-z0-9_-]{40,}(?=/|$)")


class Secret(BaseConverter):
    """``<secret:…>`` in an address. Whatever was cut off or typed on is let through.

    The view finds nothing under it and says so kindly; the router would only say 404.
    """

    regex = r"[^/]{1,200}"


class Slug(BaseConverter):
    """``<slug:…>`` in an address: a short name in small letters, of a service or of an enum."""

    regex = r"[a-z0-9][a-z0-9_-]{0,39}"


def init_app(app: Flask) -> None:
    """Teach the router both kinds."""
    app.url_map.converters["secret"] = Secret
    app.url_map.converters["slug"] = Slug


def loggable_path() -> str:
    """Return the path of this request with every secret in it masked, for logs and records.

    Where the router found no page, whatever looks like one of our secrets counts as one.
    """
    path, rule = request.path, request.url_rule
    for name in SECRET_NAME.findall(rule.rule if rule else ""):
        value = str((request.view_args or {}).get(name, ""))
        path = path.replace(value, MASK) if value else path
    return LOOKS_SECRET.sub(MASK, path)
