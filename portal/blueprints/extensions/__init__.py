"""Extensions: more time is asked for on a task's page, and decided on a page of its own."""

from flask import Blueprint

bp = Blueprint("extensions", __name__)

from portal.blueprints.extensions import routes  # noqa: E402, F401
