"""Site surveys 实地调研: planned, filled in on the spot, reported, confirmed by both sides."""

from flask import Blueprint

bp = Blueprint("surveys", __name__)

from portal.blueprints.surveys import (  # noqa: E402, F401
    answers,
    photos,
    planning,
    report,
    routes,
    sheet,
    steps,
)
