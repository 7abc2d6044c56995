"""No file, function or template is longer than one can hold in mind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.house import CODE, TEMPLATES, name_of, python_files, templates

FILE_LINES, FUNCTION_LINES, TEMPLATE_LINES, OWN_SCRIPT_LINES = 450, 60, 200, 600


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
