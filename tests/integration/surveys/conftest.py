"""Every test of surveys plays ten months into the programme."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from tests.factories import Scene, make_scene


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Monday at nine in Shanghai."""
    with time_machine.travel("2021-03-15T09:00:00+08:00", tick=False):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    """One province, two pairings."""
    return make_scene()
