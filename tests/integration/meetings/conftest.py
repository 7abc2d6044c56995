"""Meetings are tested ten months into the programme, in a province with every role."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from tests.factories import Scene, make_scene
from tests.support.meetings import NINE


@pytest.fixture(autouse=True)
def march_2021() -> Iterator[None]:
    """Ten months into the programme."""
    with time_machine.travel(NINE):
        yield


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()
