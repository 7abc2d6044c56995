"""Galleries 图览: the evidence of a pairing or a task, to be looked through."""

from flask import Blueprint

bp = Blueprint("gallery", __name__)

from portal.blueprints.gallery import routes  # noqa: E402, F401
