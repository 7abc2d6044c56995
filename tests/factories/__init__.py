"""Builders of test data. Each returns flushed objects; states are named, never patched in."""

from tests.factories.people import PASSWORD, make_organisation, make_user
from tests.factories.scenes import Scene, make_pairing, make_programme, make_scene

__all__ = [
    "PASSWORD",
    "Scene",
    "make_organisation",
    "make_pairing",
    "make_programme",
    "make_scene",
    "make_user",
]
