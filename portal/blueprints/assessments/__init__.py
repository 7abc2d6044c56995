"""The annual assessment: the list, the sheet, the rows behind a figure, the printed sheet."""

from flask import Blueprint

bp = Blueprint("assessments", __name__)

from portal.blueprints.assessments import routes, steps  # noqa: E402, F401
