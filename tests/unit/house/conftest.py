"""One portal for all tests about the codebase."""

from __future__ import annotations

import pytest
from flask import Flask

from portal import create_app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("house")
    return create_app({"DATABASE_URL": "sqlite://", "INSTANCE_PATH": str(folder)})
