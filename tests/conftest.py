"""The fixtures live in tests/support, one module for each purpose; this file only gathers them."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

# The helpers' assertions explain themselves as those of a test do.
pytest.register_assert_rewrite("tests.support", "tests.integration.hostile")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

pytest_plugins = (
    "tests.support.postgres",
    "tests.support.apps",
    "tests.support.backups",
    "tests.support.pages",
    "tests.support.browser",
    "tests.support.oidc",
    "tests.support.clamd",
    "tests.support.commands",
    "tests.support.stores",
    "tests.integration.hostile.province",
)


def skips_are_failures() -> bool:
    return os.environ.get("CI") == "true" or os.environ.get("PORTAL_TEST_NO_SKIP") == "1"


def fail_if_skipped(report: Report) -> Report:
    """Where everything is installed, a skip is a test that silently stopped testing."""
    if report.skipped and not hasattr(report, "wasxfail") and skips_are_failures():
        report.outcome = "failed"
        report.longrepr = f"Skipped where no skip is allowed: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return fail_if_skipped((yield))
