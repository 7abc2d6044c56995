"""Standards that baseline figures are measured by, and the gap table of a survey."""

from flask import Blueprint

bp = Blueprint("standards", __name__)

from portal.blueprints.standards import gaps, routes  # noqa: E402, F401
