"""Official papers 文书: plans, lists, slips, receipts, reports and agreements for the file."""

from flask import Blueprint

bp = Blueprint("papers", __name__)

from portal.blueprints.papers import routes, templates  # noqa: E402, F401
