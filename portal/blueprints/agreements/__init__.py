"""Agreements: drafting, signing, submitting, filing, and the register."""

from flask import Blueprint

bp = Blueprint("agreements", __name__)

from portal.blueprints.agreements import (  # noqa: E402, F401
    changes,
    clauses,
    delegations,
    register,
    routes,
    steps,
)
