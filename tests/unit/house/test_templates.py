"""What holds for every template and icon."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest
from flask import Flask
from jinja2 import nodes

from tests.support.house import CODE, TEMPLATES, name_of, python_files, templates


def source(template: str) -> str:
    return (TEMPLATES / template).read_text(encoding="utf-8")


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
