"""Changes of a plan in force: amendments, the versions they leave, and the queue of what waits."""

from flask import Blueprint

bp = Blueprint("amendments", __name__)

from portal.blueprints.amendments import (  # noqa: E402, F401
    decisions,
    drafting,
    lines,
    queue,
    routes,
    versions,
)
