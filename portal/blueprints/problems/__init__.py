"""Problems of a pairing: written down, answered by tasks, followed to their score."""

from flask import Blueprint

bp = Blueprint("problems", __name__)

from portal.blueprints.problems import answers, routes, steps  # noqa: E402, F401
