"""Packs 打包下载: everything of a task, a pairing or a base in one archive."""

from flask import Blueprint

bp = Blueprint("packs", __name__)

from portal.blueprints.packs import routes  # noqa: E402, F401
