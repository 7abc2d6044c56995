"""Run a command of the operator as the shell would: in a context of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context

import pytest
from click.testing import Result
from flask import Flask

from portal.extensions import db

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("files", "verify")` gives click's result; the test then sees what was written."""

    def run_command(*words: str) -> Result:
        db.session.flush()
        result = Context().run(lambda: app.test_cli_runner().invoke(args=list(words)))
        db.session.expire_all()
        return result

    return run_command
