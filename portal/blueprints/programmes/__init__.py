"""Programmes, and the import of their pairing tables."""

from flask import Blueprint

bp = Blueprint("programmes", __name__, url_prefix="/programmes")

from portal.blueprints.programmes import imports, routes  # noqa: E402, F401
