"""The ledger of tasks, and one page per task."""

from flask import Blueprint

bp = Blueprint("tasks", __name__)

from portal.blueprints.tasks import ledger, milestones, work  # noqa: E402, F401
