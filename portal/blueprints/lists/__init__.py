"""The five lists of a pairing: on the screen, on paper, as a workbook."""

from flask import Blueprint

bp = Blueprint("lists", __name__)

from portal.blueprints.lists import routes  # noqa: E402, F401
