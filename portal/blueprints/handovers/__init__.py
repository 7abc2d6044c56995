"""Handing open work over: the people of a hospital, the form, and the sheet 交接单."""

from flask import Blueprint

bp = Blueprint("handovers", __name__)

from portal.blueprints.handovers import routes  # noqa: E402, F401
