"""Workbooks of tasks: taken away to be edited, sent back, checked, imported and taken back."""

from flask import Blueprint

bp = Blueprint("sheets", __name__)

from portal.blueprints.sheets import downloads, pages, steps, uploading  # noqa: E402, F401
