"""The list of pairings, one page per pairing, and its leadership group."""

from flask import Blueprint

bp = Blueprint("pairings", __name__, url_prefix="/pairings")

from portal.blueprints.pairings import group, routes  # noqa: E402, F401
