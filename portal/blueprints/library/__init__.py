"""The library of standard tasks, to read."""

from flask import Blueprint

bp = Blueprint("library", __name__, url_prefix="/library")

from portal.blueprints.library import routes  # noqa: E402, F401
