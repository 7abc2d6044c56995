"""What the page of one file shows of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from portal.documents.previews.keeping import already, derived
from portal.documents.previews.limits import NO_KIND, NoPreview
from portal.models import ScanState, StoredFile
from portal.models.files import ShownAs

WAITING = "文件待扫描：尚未完成病毒检查，检查通过后才能查看和下载。"
INFECTED = "这个文件查出病毒，不能查看和下载。请上传人处理原文件后重新上传。"


@dataclass(frozen=True)
class Shown:
    """One file as its page shows it: ``content`` by ``kind``, or the ``sentence`` why not."""

    kind: ShownAs | None
    sentence: str = ""
    place: bool | None = False
    content: dict[str, Any] = field(default_factory=dict)


def why_closed(file: StoredFile) -> str:
    """Return why nobody may open ``file`` now, as a sentence; empty when they may."""
    if file.usable:
        return ""
    return INFECTED if file.scan is ScanState.INFECTED else WAITING


def shown_of(file: StoredFile, *, number: int = 0) -> Shown:
    """Return what to show of ``file``; ``number`` is the sheet of a workbook, from 0.

    Never raises.
    """
    if closed := why_closed(file):
        return Shown(None, closed)
    kind = file.shown_as
    if kind is None:
        return Shown(None, NO_KIND)
    try:
        if kind is ShownAs.PICTURE:
            # Drawn now, so that one that cannot be drawn is told in words.
            derived(file.sha256, file.media_type, "picture")
            return Shown(kind, place=carries_place(file))
        if kind is ShownAs.PDF:
            return Shown(kind, content=_facts(file, "about"))
        if kind is ShownAs.VIDEO:
            return Shown(kind)
        return Shown(kind, content=_facts(file, "body", number if kind is ShownAs.SHEET else 0))
    except NoPreview as no:
        return Shown(None, no.sentence)


def carries_place(file: StoredFile, *, look: bool = True) -> bool | None:
    """Whether the original of a picture says where it was taken; None where nobody can tell now.

    Without ``look`` only what was found out before is told.
    """
    if not file.usable or file.shown_as is not ShownAs.PICTURE:
        return False
    try:
        if look:
            return bool(_facts(file, "about")["place"])
        known = already(file.sha256, "about")
    except NoPreview:
        return None
    return None if known is None else bool(json.loads(known)["place"])


def _facts(file: StoredFile, variant: str, number: int = 0) -> dict[str, Any]:
    made = derived(file.sha256, file.media_type, variant, number)
    facts: dict[str, Any] = json.loads(made)
    return facts
