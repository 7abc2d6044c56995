"""Meetings of the leadership groups: called, recorded, approved, printed."""

from flask import Blueprint

bp = Blueprint("meetings", __name__)

from portal.blueprints.meetings import minutes, routes  # noqa: E402, F401
