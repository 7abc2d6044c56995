"""What holds for every state machine, enum, model and word of the histories."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import portal.workflow
from portal import models
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
from portal.workflow import Workflow
from tests.support.house import ROOT, name_of, python_files

CHINESE = re.compile(r"[\u4e00-\u9fff]")


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
