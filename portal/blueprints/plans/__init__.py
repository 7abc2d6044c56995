"""The three-year plan of a pairing: goals, task list, endorsement, picking from the library."""

from flask import Blueprint

bp = Blueprint("plans", __name__)

from portal.blueprints.plans import (  # noqa: E402, F401
    figures,
    goals,
    met_targets,
    picking,
    routes,
    rows,
    tasks,
)
