"""Apply an htmx answer to a page as the browser would, to compare the result with a reload.

after = apply_fragment(page, client.post(address, data, htmx=True), trigger="#closure-form")
assert_same(after, client.get("/tasks/3"), within="main")

It knows the swaps that the portal uses: outerHTML, innerHTML, beforeend, afterbegin, delete, none,
and out-of-band pieces. Anything else raises, so that a test never passes by accident.
"""

from __future__ import annotations

import copy
import difflib

from bs4 import BeautifulSoup, Tag

from tests.support.page_rules import parse
from tests.support.pages import Page

# What differs between two loads of the same page.
VOLATILE = ("input[name=csrf_token]", "input[name=_once]", "[data-volatile]")


def apply_fragment(page: Page, answer: Page, trigger: str) -> BeautifulSoup:
    """The page's document after the answer to a request sent by the element `trigger`."""
    document = parse(page.html)
    element = one(document, trigger)
    pieces = parse(answer.html, fragment=True)
    for piece in pieces.select("[hx-swap-oob]"):
        apply_out_of_band(document, piece.extract())
    style = answer.headers.get("HX-Reswap") or inherited(element, "hx-swap") or "innerHTML"
    selector = answer.headers.get("HX-Retarget") or inherited(element, "hx-target") or "this"
    if style.split()[0] != "none":
        swap(target_of(document, element, selector), pieces, style.split()[0])
    # Read again as a browser reads a whole page, so that both sides went through the same parser.
    return parse(str(document))


def apply_out_of_band(document: BeautifulSoup, piece: Tag) -> None:
    instruction = str(piece.attrs.pop("hx-swap-oob"))
    style, _, selector = instruction.partition(":")
    style = "outerHTML" if style == "true" else style
    target = one(document, selector or f"[id='{piece['id']}']")
    holder = parse("", fragment=True)
    if style == "outerHTML":
        holder.append(piece)
    else:
        for child in list(piece.contents):
            holder.append(child.extract())
    swap(target, holder, style)


def inherited(element: Tag, attribute: str) -> str | None:
    for tag in (element, *element.parents):
        if isinstance(tag, Tag) and tag.get(attribute):
            return str(tag[attribute])
    return None


def target_of(document: BeautifulSoup, element: Tag, selector: str) -> Tag:
    if selector == "this":
        # An inherited "this" means the element that carries the attribute.
        for tag in (element, *element.parents):
            if isinstance(tag, Tag) and tag.get("hx-target") == "this":
                return tag
        return element
    if selector.startswith("closest "):
        css = selector.removeprefix("closest ")
        for tag in (element, *element.parents):
            if isinstance(tag, Tag) and tag in document.select(css):
                return tag
        raise AssertionError(f"no {css!r} around the trigger")
    if selector.startswith("find "):
        return one(element, selector.removeprefix("find "))
    return one(document, selector)


def swap(target: Tag, pieces: BeautifulSoup, style: str) -> None:
    children = [child.extract() for child in list(pieces.contents)]
    if style == "outerHTML":
        target.insert_before(*children)
        target.decompose()
    elif style == "innerHTML":
        target.clear()
        target.extend(children)
    elif style == "beforeend":
        target.extend(children)
    elif style == "afterbegin":
        for child in reversed(children):
            target.insert(0, child)
    elif style == "delete":
        target.decompose()
    else:
        raise NotImplementedError(f"hx-swap {style!r}")


def one(root: Tag, css: str) -> Tag:
    found = root.select(css)
    assert len(found) == 1, f"{len(found)} elements match {css!r}"
    return found[0]


def assert_same(after: BeautifulSoup, reloaded: Page, within: str = "body") -> None:
    """Equal but for white space, tokens and what is marked data-volatile."""
    left, right = outline(one(after, within)), outline(one(parse(reloaded.html), within))
    difference = difflib.unified_diff(left, right, "after the swap", "reloaded", lineterm="", n=2)
    assert left == right, "\n".join(difference)


def outline(root: Tag) -> list[str]:
    """One line for each element and each text, in order."""
    root = copy.copy(root)
    for css in VOLATILE:
        for tag in root.select(css):
            tag.decompose()
    lines = []
    for node in root.descendants:
        if isinstance(node, Tag):
            shown = sorted((name, str(value)) for name, value in node.attrs.items())
            lines.append(f"<{node.name} {' '.join(f'{n}={v!r}' for n, v in shown)}>")
        elif type(node).__name__ == "NavigableString" and node.strip():
            lines.append(" ".join(node.split()))
    return lines
