"""Log in, in one step or two, log out, change one's password."""

from flask import Blueprint

bp = Blueprint("auth", __name__)

from portal.blueprints.auth import log_in, password, second_step  # noqa: E402, F401
