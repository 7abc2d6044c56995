"""Logging in by a hospital's own log-in service, and linking an account with it."""

from flask import Blueprint

bp = Blueprint("sso", __name__)

from portal.blueprints.sso import linking, routes  # noqa: E402, F401
