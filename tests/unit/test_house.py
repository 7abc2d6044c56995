"""What holds for the whole codebase, whoever wrote the part."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from flask import Flask
from jinja2 import nodes

import portal.workflow
from portal import create_app, models
from portal.audit.fields import QUIET_TABLES
from portal.audit.fields import recorded_columns as columns_recorded
from portal.models import Base, LabelledEnum
from portal.queries.events import OBJECT_LABELS
from portal.queries.record_labels import (
    COLUMNS,
    REFERENCES,
    SPECIAL,
    TABLES,
    column_label,
    table_label,
)
from portal.web.accounts import BEFORE_PASSWORD, BEFORE_SECOND_FACTOR, PUBLIC
from portal.web.audit import TAKES
from portal.web.parking import NEVER
from portal.web.requests import WRITES, WRITES_ON_RETURN
from portal.workflow import Workflow

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "portal"
TEMPLATES = CODE / "templates"
CHINESE = re.compile(r"[\u4e00-\u9fff]")

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

FILE_LINES, FUNCTION_LINES, TEMPLATE_LINES, OWN_SCRIPT_LINES = 450, 60, 200, 600


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("house")
    return create_app({"DATABASE_URL": "sqlite://", "INSTANCE_PATH": str(folder)})


def python_files() -> list[Path]:
    return sorted(CODE.rglob("*.py"))


def templates() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*"))


def source(template: str) -> str:
    return (TEMPLATES / template).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Views.


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


# Templates.


def parsed(app: Flask) -> dict[str, nodes.Template]:
    return {
        name: app.jinja_env.parse(source(name)) for name in templates() if name.endswith(".html")
    }


def constants(node: Any) -> Iterator[str]:
    """The template names that an extends, include or import may mean."""
    found = [node, *node.find_all(nodes.Const)] if isinstance(node, nodes.Node) else []
    yield from (n.value for n in found if isinstance(n, nodes.Const) and isinstance(n.value, str))


def referred_by_templates(app: Flask) -> set[str]:
    found: set[str] = set()
    for tree in parsed(app).values():
        kinds = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
        for node in tree.find_all(kinds):
            found |= set(constants(node.template))
    return found


def referred_by_code() -> set[str]:
    """Every text in the code that is the name of a template; errors/ is named by its status."""
    known = set(templates())
    found = {name for name in known if name.startswith("errors/")}
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in known:
                found.add(node.value)
    return found


def pages(app: Flask) -> list[str]:
    """Templates that are a whole page: not a layout, a component or a fragment."""
    kept = []
    for name in parsed(app):
        folder, _, last = name.rpartition("/")
        if folder not in ("layouts", "components") and not last.startswith("_"):
            kept.append(name)
    return kept


@pytest.mark.parametrize("name", [name for name in templates() if name.endswith(".html")])
def test_template_compiles(app: Flask, name: str) -> None:
    app.jinja_env.get_template(name)


def test_every_template_is_used(app: Flask) -> None:
    unused = set(templates()) - referred_by_templates(app) - referred_by_code()
    assert unused == set()


def test_every_template_that_is_named_exists(app: Flask) -> None:
    assert referred_by_templates(app) - set(templates()) == set()


def test_every_page_extends_a_layout_and_fills_its_title(app: Flask) -> None:
    wrong = []
    for name in pages(app):
        tree = app.jinja_env.parse(source(name))
        blocks = {block.name for block in tree.find_all(nodes.Block)}
        if not list(tree.find_all(nodes.Extends)) or "title" not in blocks:
            wrong.append(name)
    assert wrong == []


def test_fragments_and_components_extend_nothing(app: Flask) -> None:
    wrong = [
        name
        for name, tree in parsed(app).items()
        if name.rpartition("/")[2].startswith("_")
        and name != "errors/_page.html"
        and list(tree.find_all(nodes.Extends))
    ]
    assert wrong == []


FORBIDDEN = {
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "hx-on": re.compile(r"hx-on"),
    "a value made by script": re.compile(r"js:|javascript:"),
    "a filter in hx-trigger": re.compile(r"hx-trigger=[\"'][^\"']*\["),
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=|<style"),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)"),
    "a test of who asks": re.compile(r"is_htmx|HX-Request|request\.htmx"),
    "an address of elsewhere": re.compile(r"(src|href)=[\"'](https?:)?//"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    found = [name for name in templates() if FORBIDDEN[what].search(without_comments(source(name)))]
    assert found == []


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}", "", text, flags=re.S)


def test_forbidden_patterns_find_what_they_are_for() -> None:
    bad = (
        """<a onclick="x()"><p hx-on:click="y"><i hx-vals="js:{a:1}"><p style="x">"""
        """<script>z</script><input hx-trigger="keyup[key=='Enter']">{% if is_htmx %}"""
        """<img src="//example.com/a.png">"""
    )
    assert [what for what, pattern in FORBIDDEN.items() if not pattern.search(bad)] == []


def test_templates_are_strict_about_what_is_missing(app: Flask) -> None:
    assert app.jinja_env.undefined is jinja2.StrictUndefined
    assert app.jinja_env.autoescape is not False


# A Word document is HTML once converted; what makes it harmless stands in the same module.
MARKS_MARKUP = ["portal/documents/previews/word.py"]


def test_nothing_is_marked_as_safe_markup() -> None:
    """Everything a person typed is escaped; whoever needs an exception names it here."""
    found = [name for name in templates() if re.search(r"\|\s*safe\b|autoescape", source(name))]
    found += [name_of(p) for p in python_files() if "Markup(" in p.read_text(encoding="utf-8")]
    assert found == MARKS_MARKUP


def icons_in_code() -> Iterator[tuple[str, str]]:
    """(where, icon): the second text of icon(...), icon_name=..., icon=... wherever they stand."""
    calls = re.compile(
        r"""(?:\bicon|\bdraw)\(\s*'([a-z0-9-]+)'|\b(?:icon_name|icon)=['"]([a-z0-9-]+)['"]"""
    )
    for name in templates():
        for match in calls.finditer(source(name)):
            yield name, match[1] or match[2]
    for path in python_files():
        for match in calls.finditer(path.read_text(encoding="utf-8")):
            yield name_of(path), match[1] or match[2]


def test_every_icon_is_in_the_list_that_the_sprite_is_made_from() -> None:
    listed = set((CODE / "static" / "icons.txt").read_text().split())
    used = list(icons_in_code())
    assert len(used) > 20
    assert [pair for pair in used if pair[1] not in listed] == []


def test_icons_of_the_menu_are_in_the_list() -> None:
    from portal.web.navigation import ENTRIES

    listed = set((CODE / "static" / "icons.txt").read_text().split())
    assert {entry.icon for entry in ENTRIES} - listed == set()


# State machines.


def workflows() -> dict[str, Workflow[Any]]:
    found = {}
    for module in pkgutil.iter_modules(portal.workflow.__path__):
        loaded = importlib.import_module(f"portal.workflow.{module.name}")
        for name, value in vars(loaded).items():
            if isinstance(value, Workflow) and value not in found.values():
                found[f"{module.name}.{name}"] = value
    return found


def test_there_are_state_machines() -> None:
    assert len(workflows()) >= 5


@pytest.mark.parametrize("workflow", workflows().values(), ids=workflows())
def test_transition_table_is_whole(workflow: Workflow[Any]) -> None:
    actions = [step.action for step in workflow.steps]
    assert len(actions) == len(set(actions)), "an action stands twice"
    assert CHINESE.search(workflow.noun)
    assert workflow.object_type in OBJECT_LABELS
    for step in workflow.steps:
        assert re.fullmatch(r"[a-z_]+", step.action)
        assert CHINESE.search(step.label), step.action
        assert CHINESE.search(step.title), step.action
        assert step.sources, step.action
        states = {type(state) for state in {step.target, *step.sources}}
        assert len(states) == 1, f"{step.action} mixes two kinds of state"
        assert step.tone in {"neutral", "info", "success", "warning", "danger", "accent"}


@pytest.mark.parametrize("workflow", workflows().values(), ids=workflows())
def test_every_state_but_the_first_can_be_reached(workflow: Workflow[Any]) -> None:
    targets = {step.target for step in workflow.steps}
    left = {state for step in workflow.steps for state in step.sources}
    unreachable = left - targets
    assert len(unreachable) <= 1, f"no step leads to {unreachable}"


def events_recorded() -> Iterator[tuple[str, str]]:
    """(file, object type) of every record(..., "type", ...) in the code."""
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "record":
                continue
            kind = node.args[1] if len(node.args) > 1 else None
            if isinstance(kind, ast.Constant):
                yield name_of(path), str(kind.value)


def test_auditor_finds_every_kind_of_object_in_the_filter() -> None:
    used = {kind for _, kind in events_recorded()} | {w.object_type for w in workflows().values()}
    assert used - set(OBJECT_LABELS) == set(), "not in portal/queries/events.py"
    assert len(used) > 5


STATES = {"state", "status"}


def names_set(node: ast.AST) -> Iterator[str]:
    """The attributes that a statement sets: also in a tuple, with a type, or by setattr()."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        # A class that declares its columns sets names, which are no attributes here.
        for inner in (one for target in targets for one in ast.walk(target)):
            if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                yield inner.attr
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
        yield from (str(one.value) for one in node.args[1:2] if isinstance(one, ast.Constant))


@pytest.mark.parametrize(
    "text",
    ["x.state = y", "x.state, x.since = y", "[x.a, (x.status)] = y", "x.state: int = y"]
    + ["setattr(x, 'state', y)", "x = z.state = y"],
)
def test_every_way_to_set_a_state_is_seen(text: str) -> None:
    assert STATES & {name for node in ast.walk(ast.parse(text)) for name in names_set(node)}


def test_state_is_set_only_where_steps_are_taken() -> None:
    """Whoever writes ``x.state = …`` or ``x.status = …`` goes past the table.

    A round of closure has no table of its own: its result follows the step of its task. Nor
    has an upload, which is no part of the record before it is evidence. Whether somebody was
    at a meeting is no state at all: the minutes say it.
    """
    setters = set()
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if STATES & set(names_set(node)):
                setters.add(name_of(path))
    assert setters == {f"portal/services/{name}.py" for name in ("closure", "minutes", "uploads")}


# Enums and models.


def enums() -> list[type[LabelledEnum]]:
    return [kind for kind in vars(models).values() if is_enum(kind)]


def is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, LabelledEnum) and kind is not LabelledEnum


@pytest.mark.parametrize("enum", enums(), ids=lambda enum: enum.__name__)
def test_enum_speaks_chinese_on_the_screen_and_slugs_in_the_database(
    enum: type[LabelledEnum],
) -> None:
    for member in enum:
        assert CHINESE.search(member.label), member
        assert re.fullmatch(r"[a-z0-9_]+", member.value), member
    labels = [member.label for member in enum]
    assert len(labels) == len(set(labels))


def test_glossary_names_every_model_and_every_enum_member() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Za-z_]+)`", glossary))
    known = {name for name, value in vars(models).items() if isinstance(value, type)}
    assert {name for name in named if name[0].isupper()} - known == set(), "no longer a model"
    missing = {mapper.class_.__name__ for mapper in Base.registry.mappers} - named
    missing |= {enum.__name__ for enum in enums()} - named
    assert missing == set()
    unexplained = [
        f"{enum.__name__}.{member.name}"
        for enum in enums()
        for member in enum
        if member.label not in glossary or f"`{member.value}`" not in glossary
    ]
    assert unexplained == []


# What the histories say.


def recorded_columns() -> list[str]:
    """Every column whose change the audit log tells."""
    return [
        name
        for mapper in Base.registry.mappers
        if table_of_mapper(mapper) not in QUIET_TABLES | {"audit_entries", "audit_head"}
        for _, name, _ in columns_recorded(mapper)
    ]


def table_of_mapper(mapper: Any) -> str:
    return str(mapper.local_table.name)


def test_every_column_that_can_change_has_a_name_on_the_screen() -> None:
    columns = recorded_columns()
    assert len(columns) > 200
    assert [name for name in columns if column_label(name) is None] == []
    tables = {table_of_mapper(mapper) for mapper in Base.registry.mappers}
    recorded = tables - QUIET_TABLES - {"audit_entries", "audit_head"}
    assert {table for table in recorded if table_label(table) == table} == set()


def test_names_of_columns_are_used_and_chinese() -> None:
    columns = recorded_columns()
    endings = {name.rpartition(".")[2] for name in columns}
    unused = (set(COLUMNS) | set(REFERENCES)) - endings
    assert unused == set()
    assert set(SPECIAL) - set(columns) == set()
    for label in (*COLUMNS.values(), *REFERENCES.values(), *SPECIAL.values(), *TABLES.values()):
        assert CHINESE.search(label), label


# Size.


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name_of(path)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    assert {name_of(p): lines(p) for p in python_files() if lines(p) > FILE_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {name: n for path in python_files() for name, n in functions(path) if n > FUNCTION_LINES}
    assert long == {}


def test_no_template_is_too_long() -> None:
    paths = [TEMPLATES / name for name in templates()]
    assert {name_of(p): lines(p) for p in paths if lines(p) > TEMPLATE_LINES} == {}


def test_own_script_stays_small() -> None:
    scripts = sorted((CODE / "static" / "js").glob("*.js"))
    assert sum(lines(path) for path in scripts) <= OWN_SCRIPT_LINES


def test_nine_tenths_keep_the_aims() -> None:
    """The limits above are the edge of the cliff; this is where one should walk."""

    def p90(figures: list[int]) -> int:
        return sorted(figures)[int(len(figures) * 0.9)]

    assert p90([lines(path) for path in python_files()]) <= 250
    assert p90([n for path in python_files() for _, n in functions(path)]) <= 27
    assert p90([lines(TEMPLATES / name) for name in templates()]) <= 90


def test_public_functions_are_explained() -> None:
    silent = []
    for path in python_files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            silent.append(name_of(path))
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{name_of(path)}:{node.name}")
    assert silent == []
