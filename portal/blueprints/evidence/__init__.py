"""Evidence 佐证材料: added to tasks, used again, withdrawn, and the library of a pairing."""

from flask import Blueprint

bp = Blueprint("evidence", __name__)

from portal.blueprints.evidence import library, routes  # noqa: E402, F401
