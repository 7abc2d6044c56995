"""Log in, log out, change one's password."""

from flask import Blueprint

bp = Blueprint("auth", __name__)

from portal.blueprints.auth import log_in, password  # noqa: E402, F401
