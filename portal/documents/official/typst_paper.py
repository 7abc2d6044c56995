"""PDF by Typst: the template is text, the facts are a file beside it, and nothing else is there.

Typst reads no file outside its folder and runs no program. It would fetch packages that a
template names: their address is that of a closed door (:data:`CLOSED`).
"""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.documents.official.making import TemplateFault

FONTS = Path(__file__).resolve().parent.parent / "fonts"
ARCHIVE = "a-2b"
"""PDF/A-2b (ISO 19005-2): fonts and metadata inside, readable for as long as it is kept."""
CLOSED = "http://127.0.0.1:9"
PLACE = re.compile(r"┌─ (?P<file>[^:]+):(?P<line>\d+):")
MAIN = "main.typ"
TAGGED = 512 * 1024
"""Bytes of facts up to which a PDF is tagged for screen readers; of a register of thousands of
lines the tags would be fifteen times as large as the paper."""


def compiled(folder: Path) -> bytes:
    """Return the PDF of the facts and the template in ``folder``. Raises TemplateFault."""
    import typst

    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = CLOSED
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    try:
        return _compiled(typst, folder, facts, [ARCHIVE])
    except typst.TypstError as error:
        if "PDF/A" not in str(error.message):
            raise TemplateFault(_sentence(error)) from error
    # A character that no font has must not keep the paper from being printed.
    try:
        return _compiled(typst, folder, facts, [])
    except typst.TypstError as error:
        raise TemplateFault(_sentence(error)) from error


def _compiled(typst: Any, folder: Path, facts: dict[str, Any], standards: list[str]) -> bytes:
    nothing = folder / "nothing"
    made: bytes = typst.compile(
        folder / MAIN,
        root=folder,
        font_paths=[FONTS],
        pdf_standards=standards,
        package_path=nothing,
        package_cache_path=nothing,
        pdf_tags=(folder / "facts.json").stat().st_size <= TAGGED,
        timestamp=datetime.fromisoformat(facts["day"]).replace(tzinfo=UTC),
    )
    return made


def _sentence(error: Any) -> str:
    """Say where the template is wrong: Typst's own words come after the line."""
    said = str(error.diagnostic)
    fault = said[said.find("error:") :]
    place = PLACE.search(fault)
    where = ""
    if place:
        name = "" if place["file"].endswith(MAIN) else place["file"]
        where = f"{name}第 {place['line']} 行"
    return f"模板{where}有误：{error.message}"
