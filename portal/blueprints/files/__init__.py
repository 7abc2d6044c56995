"""Uploaded files, previewed or downloaded."""

from flask import Blueprint

bp = Blueprint("files", __name__, url_prefix="/files")

from portal.blueprints.files import previews, routes  # noqa: E402, F401
