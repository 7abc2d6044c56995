"""One's own page, 账号与安全: sessions, second factor, what was kept when a log-in ran out."""

from flask import Blueprint

bp = Blueprint("account", __name__, url_prefix="/account")

from portal.blueprints.account import pages, parked, second_factor  # noqa: E402, F401
