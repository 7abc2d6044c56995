"""What holds for every view, whoever wrote the part."""

from __future__ import annotations

import ast
import re

from flask import Flask

from portal.web.accounts import BEFORE_PASSWORD, BEFORE_SECOND_FACTOR, PUBLIC
from portal.web.audit import TAKES
from portal.web.parking import NEVER
from portal.web.requests import WRITES, WRITES_ON_RETURN
from tests.support.house import CODE, name_of, python_files

PUBLIC_ENDPOINTS = {
    "auth.log_in",
    "auth.second_step",
    "invitations.accept_invitation",
    "static",
    # What a phone opens by a QR code: the secret in the address stands for the log-in.
    "uploads.answer_by_phone",
    "uploads.begin_by_phone",
    "uploads.describe",
    "uploads.end_by_phone",
    "uploads.send_by_phone",
    "uploads.send_part_by_phone",
    "uploads.show_by_phone",
    "uploads.show_phone_page",
    "sso.accept_by_identity",
    "sso.come_back",
    "sso.start",
}


USABLE_BEFORE_PASSWORD = {"auth.change_password", "auth.log_out"}


USABLE_BEFORE_SECOND_FACTOR = {
    "account.second_factor",
    "account.begin_second_factor",
    "account.confirm_second_factor",
}


WRITE_WHILE_READING = {"portal/web/accounts.py", "portal/web/audit.py", "portal/web/parking.py"}


WRITING = {"POST", "PUT", "PATCH", "DELETE"}


def test_every_view_that_accepts_a_form_has_a_commit_point(app: Flask) -> None:
    without = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if WRITING & (rule.methods or set())
        and not hasattr(app.view_functions[rule.endpoint], WRITES)
    }
    assert without == set()


def test_no_view_that_only_reads_has_a_commit_point(app: Flask) -> None:
    idle = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not WRITING & (rule.methods or set())
        and hasattr(app.view_functions[rule.endpoint], WRITES)
    }
    assert idle == set()


def test_only_the_way_back_from_a_log_in_service_writes_in_a_get(app: Flask) -> None:
    writing = {n for n, view in app.view_functions.items() if hasattr(view, WRITES_ON_RETURN)}
    assert writing == {"sso.come_back"}


def test_public_views_are_those_named_here(app: Flask) -> None:
    marked = {name for name, view in app.view_functions.items() if hasattr(view, PUBLIC)}
    assert marked | {"static"} == PUBLIC_ENDPOINTS


def test_views_usable_with_an_initial_password_are_those_named_here(app: Flask) -> None:
    marked = {name for name, view in app.view_functions.items() if hasattr(view, BEFORE_PASSWORD)}
    assert marked == USABLE_BEFORE_PASSWORD


# What makes a file of an answer; a view that calls one of them itself must say who takes what.
SENDERS = {"send_file", "send_stored", "send_from_directory", "stream_with_context"}


def views_that_send_files() -> set[str]:
    """(blueprint's function) of every view in the code that makes a file of its answer."""
    found = set()
    for path in sorted((CODE / "blueprints").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
                continue
            called = {getattr(n.func, "id", "") for n in ast.walk(node) if isinstance(n, ast.Call)}
            if called & SENDERS:
                found.add(f"{path.parent.name}.{node.name}")
    return found


def test_every_view_that_sends_a_file_leaves_an_audit_entry(app: Flask) -> None:
    marked = {name for name, view in app.view_functions.items() if hasattr(view, TAKES)}
    sending = views_that_send_files()
    assert {"files.show_file", "tasks.export_tasks"} <= sending
    assert sending - marked == set(), "put @downloads or @exports under the route"


def views_of_sheets() -> set[str]:
    """(blueprint's function) of every view that draws a printed sheet by GET."""
    sheets = {
        str(path.relative_to(CODE / "templates"))
        for path in (CODE / "templates").rglob("*.html")
        if '{% extends "layouts/print.html" %}' in path.read_text(encoding="utf-8")
    }
    found = set()
    for path in sorted((CODE / "blueprints").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
                continue
            named = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
            if named & sheets:
                found.add(f"{path.parent.name}.{node.name}")
    return found


def test_every_sheet_and_every_table_that_is_fetched_leaves_an_audit_entry(app: Flask) -> None:
    marked = {name for name, view in app.view_functions.items() if hasattr(view, TAKES)}
    tables = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith((".zip", ".csv", ".xlsx"))
    }
    sheets = views_of_sheets()
    assert {"meetings.print_minutes", "assessments.print_sheet"} <= sheets
    assert (sheets | tables) - marked == set(), "put @exports under the route"


def test_views_usable_before_a_demanded_second_factor_are_those_named_here(app: Flask) -> None:
    views = app.view_functions.items()
    marked = {name for name, view in views if hasattr(view, BEFORE_SECOND_FACTOR)}
    assert marked == USABLE_BEFORE_SECOND_FACTOR


def test_only_those_named_here_write_while_a_request_only_reads() -> None:
    """The exception to "a GET cannot write": a single fact about the request itself."""
    users = {
        name_of(path)
        for path in python_files()
        if "short_write" in path.read_text(encoding="utf-8")
    }
    assert users - {"portal/database.py"} == WRITE_WHILE_READING


def test_passwords_and_codes_are_typed_only_where_nothing_is_kept() -> None:
    """A form whose log-in ran out is kept for its owner: none with a password may be."""
    fields = re.compile(r"= PasswordField\(|\bcode = StringField\(")
    holders = {
        path.parent.name
        for path in (CODE / "blueprints").rglob("*.py")
        if fields.search(path.read_text(encoding="utf-8"))
    }
    assert holders
    assert holders <= NEVER


def test_addresses_are_kebab_case_with_typed_numbers(app: Flask) -> None:
    wrong = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        and not re.fullmatch(r"(/|[a-z0-9.-]|<(int|secret|slug):[a-z_]+>)+", rule.rule)
    ]
    assert wrong == []


def test_every_view_says_what_it_does(app: Flask) -> None:
    assert [n for n, view in app.view_functions.items() if n != "static" and not view.__doc__] == []
