"""Accounts, organisations and the record of operations."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from portal.blueprints.admin import audit, events, invitations, organisations, security, users  # noqa: E402, F401
