"""Uploads in pieces, what is asked about them, and the page a phone opens by a QR code."""

from flask import Blueprint

bp = Blueprint("uploads", __name__)

from portal.blueprints.uploads import answers, phone, phone_link, places, protocol  # noqa: E402, F401
