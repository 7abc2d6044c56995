"""What must hold on every page and fragment, whoever wrote it.

`faults(html)` returns sentences; the test client fails on the first page that has any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

UNLABELLED_INPUTS = {"hidden", "submit", "button", "image", "reset"}
# Fragments are rows or list items as often as not; html5lib drops a <tr> outside its table.
PAGE_PARSER, FRAGMENT_PARSER = "html5lib", "html.parser"


def parse(html: str, *, fragment: bool = False) -> BeautifulSoup:
    return BeautifulSoup(html, FRAGMENT_PARSER if fragment else PAGE_PARSER)


def words(tag: Tag | None) -> str:
    return " ".join(tag.get_text().split()) if tag else ""


def faults(html: str, *, fragment: bool = False) -> list[str]:
    return faults_in(parse(html, fragment=fragment), fragment=fragment)


def faults_in(soup: BeautifulSoup, *, fragment: bool = False) -> list[str]:
    found = [*id_faults(soup), *label_faults(soup, fragment), *form_faults(soup)]
    found += [*inline_faults(soup), *htmx_faults(soup)]
    if not fragment:
        found += heading_faults(soup)
    return found


def heading_faults(soup: BeautifulSoup) -> Iterator[str]:
    headings = soup.find_all("h1")
    if len(headings) != 1:
        yield f"there must be one <h1>, there are {len(headings)}"
        return
    title, heading = words(soup.title), words(headings[0])
    if not heading:
        yield "the <h1> is empty"
    if not title.startswith(heading):
        yield f"<title> {title!r} must start with the <h1> {heading!r}"


def id_faults(soup: BeautifulSoup) -> Iterator[str]:
    count = Counter(str(tag["id"]) for tag in soup.find_all(id=True))
    for name, times in count.items():
        if times > 1:
            yield f"id {name!r} occurs {times} times"


def label_faults(soup: BeautifulSoup, fragment: bool) -> Iterator[str]:
    labelled = {label.get("for") for label in soup.find_all("label")}
    ids = {tag["id"] for tag in soup.find_all(id=True)}
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") in UNLABELLED_INPUTS or field.get("aria-label"):
            continue
        if field.get("id") in labelled - {None}:
            continue
        around = field.find_parent("label")
        if around and words(around):
            continue
        names = str(field.get("aria-labelledby") or "").split()
        # The words that name a field of a fragment may stand in the page around it.
        if names and (fragment or ids.issuperset(names)):
            continue
        yield f"no label for {outline(field)}"


def form_faults(soup: BeautifulSoup) -> Iterator[str]:
    for form in soup.find_all("form"):
        writes = str(form.get("method", "get")).lower() == "post"
        token = form.find("input", attrs={"name": "csrf_token"})
        if writes and (token is None or not token.get("value")):
            yield f"no csrf_token in {outline(form)}"
        if not writes and token is not None:
            yield f"a csrf_token would stand in the address: {outline(form)}"


def inline_faults(soup: BeautifulSoup) -> Iterator[str]:
    for script in soup.find_all("script"):
        if not script.get("src") and script.get("type") != "application/json":
            yield "inline <script>"
    if soup.find("style"):
        yield "inline <style>"
    for tag in soup.find_all(True):
        for name in tag.attrs:
            if name == "style" or name.lower().startswith("on"):
                yield f"{name}= on {outline(tag)}: the content security policy forbids it"


def htmx_faults(soup: BeautifulSoup) -> Iterator[str]:
    """Without eval, which the policy forbids, these fail without a sound."""
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            plain, text = name.lower().removeprefix("data-"), str(value).strip()
            if plain.startswith("hx-on"):
                yield f"{name} on {outline(tag)}"
            if plain in {"hx-vals", "hx-headers"} and text.startswith(("js:", "javascript:")):
                yield f"{name}={text!r} on {outline(tag)}"
            if plain == "hx-trigger" and "[" in text:
                yield f"{name}={text!r} has a filter, on {outline(tag)}"


def outline(tag: Tag) -> str:
    """The opening tag alone."""
    shown = " ".join(f'{name}="{value}"' for name, value in tag.attrs.items())
    return f"<{tag.name} {shown}>"[:200]
