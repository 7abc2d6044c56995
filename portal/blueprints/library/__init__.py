"""The library of standard tasks: read, edited as a draft, published, taken over, exemplified."""

from flask import Blueprint

bp = Blueprint("library", __name__)

from portal.blueprints.library import (  # noqa: E402, F401
    drafts,
    editions,
    examples,
    routes,
    updates,
)
