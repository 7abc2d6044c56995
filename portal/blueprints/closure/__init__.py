"""Closure 销号: apply, confirm, verify, return, look back; the reviewer's queue and page."""

from flask import Blueprint

bp = Blueprint("closure", __name__)

from portal.blueprints.closure import queue, routes  # noqa: E402, F401
