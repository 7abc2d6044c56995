"""Evidence 佐证材料: the library, each piece, its review, and what it is used for."""

from flask import Blueprint

bp = Blueprint("evidence", __name__)

from portal.blueprints.evidence import library, piece, review, routes, uses  # noqa: E402, F401
