"""The page that a link for a new account opens."""

from flask import Blueprint

bp = Blueprint("invitations", __name__)

from portal.blueprints.invitations import routes  # noqa: E402, F401
