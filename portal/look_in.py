"""A short look into a file that was sent: locked, broken, naming people, when was it taken.

The libraries that read PDFs and pictures meet hostile bytes here first: they run in a process
of their own, under limits. Whatever ends that process is told as "nothing was found"; only a
picture that does so is broken, since nobody could look at it.
"""

import json
import logging
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from io import UnsupportedOperation
from typing import BinaryIO, cast

from portal import apart, file_text, personal_data
from portal.personal_data import Found

log = logging.getLogger(__name__)

SECONDS = 10
"""Of one processor, for one look."""
MEMORY = 768 * 1024 * 1024
"""Address space of the process that looks."""
AT_ONCE = threading.BoundedSemaphore(2)
"""How many looks one worker takes at a time."""
READABLE = frozenset(
    {"text", "pdf", "docx", "xlsx", "pptx", "doc", "xls", "ppt", *file_text.PICTURES}
)
PHOTOS = frozenset({"jpg", "webp"})
NOTHING = Found()
_drawn_here: ContextVar[bool] = ContextVar("drawn_here", default=False)


@dataclass(frozen=True)
class Seen:
    """What a look found: whether a password is needed, numbers of people, the day of a photo.

    ``broken``: a picture or PDF that cannot be opened, or a picture of far too many pixels.
    """

    locked: bool = False
    found: Found = NOTHING
    taken_on: date | None = None
    broken: bool = False


def look(stream: BinaryIO, content: str) -> Seen:
    """Look into ``stream`` (seekable), whose kind file_types.sniff() named.

    Never raises for a bad file. Leaves ``stream`` at its start.
    """
    if content == "zip":
        return Seen(locked=file_text.is_locked(stream, content))
    if content not in READABLE:
        return Seen()
    try:
        if _drawn_here.get():
            return _looked_here(stream, content)
        with AT_ONCE:
            return _looked_apart(stream, content)
    finally:
        stream.seek(0)


@contextmanager
def drawn_here() -> Iterator[None]:
    """Say that all files inside were drawn by the portal itself: they need no process apart."""
    token = _drawn_here.set(True)
    try:
        yield
    finally:
        _drawn_here.reset(token)


def _looked_here(stream: BinaryIO, content: str) -> Seen:
    if file_text.is_broken(stream, content):
        return Seen(broken=True)
    locked = file_text.is_locked(stream, content)
    found = personal_data.find(file_text.text_of(stream, content))
    return Seen(locked, found, file_text.taken_on(stream) if content in PHOTOS else None)


def _looked_apart(stream: BinaryIO, content: str) -> Seen:
    command = [*apart.PROGRAM, "portal.look_in", content]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as copy:
        source = _as_file(stream, cast(BinaryIO, copy))
        try:
            done = apart.run(command, folder=folder, seconds=2 * SECONDS, stdin=source)
        except subprocess.TimeoutExpired:
            log.warning("a look into a file (%s) took too long", content)
            return Seen()
    if done.returncode:
        told = done.stderr.decode(errors="replace")[-500:]
        log.warning("a look into a file (%s) ended with %s: %s", content, done.returncode, told)
        return Seen(broken=content in file_text.PICTURES)
    said = json.loads(done.stdout)
    return Seen(
        said["locked"],
        Found(frozenset(said["ids"]), frozenset(said["phones"])),
        date.fromisoformat(said["taken_on"]) if said["taken_on"] else None,
        said["broken"],
    )


def _as_file(stream: BinaryIO, copy: BinaryIO) -> int:
    """Return the descriptor of a file with the bytes of ``stream``, copied where it is none."""
    try:
        stream.flush()
        return stream.fileno()
    except (UnsupportedOperation, AttributeError, OSError):
        stream.seek(0)
        shutil.copyfileobj(stream, copy)
        copy.flush()
        return copy.fileno()


def main(arguments: list[str]) -> int:
    """Look into standard input, a file of the kind that is named; answer in JSON."""
    (content,) = arguments
    apart.limit(SECONDS, MEMORY)
    # Opened anew: a place of its own in a file that somebody else is reading as well.
    with open("/dev/stdin", "rb") as stream:
        seen = _looked_here(stream, content)
    said = {
        "locked": seen.locked,
        "ids": sorted(seen.found.ids),
        "phones": sorted(seen.found.phones),
        "taken_on": seen.taken_on.isoformat() if seen.taken_on else "",
        "broken": seen.broken,
    }
    sys.stdout.write(json.dumps(said))
    return 0
