"""Derived files, kept by the hash of what they come from. They can be removed at any time."""

import logging
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal import apart, storage
from portal.documents.previews.limits import (
    ABSENT,
    BUSY,
    DAMAGED,
    SECONDS,
    TOO_MUCH_WORK,
    NoPreview,
)
from portal.documents.previews.making import PICTURES, REFUSED, make
from portal.documents.previews.pictures import is_light

log = logging.getLogger(__name__)

EDITION = "1"
"""Raised when the same bytes are to be drawn otherwise; what was kept before is not found."""
AT_ONCE = threading.BoundedSemaphore(2)
"""How many previews one worker makes at a time."""
PATIENCE = 15
PROGRAM = [*apart.PROGRAM, "portal.documents.previews.making"]

_folder: Path | None = None


def use(folder: Path) -> None:
    """Keep derived files below ``folder``. Called once, by create_app()."""
    global _folder
    _folder = folder


def derived(sha256: str, media_type: str, variant: str, number: int = 0) -> bytes:
    """Return a variant of the stored file ``sha256``, made now unless it is still kept.

    Whoever calls has decided that the viewer may see the file. Raises NoPreview with a
    sentence; one that will not change is kept as well, so that nobody pays for it twice.
    """
    kept = _place(sha256, f"{variant}-{number}")
    refusal = kept.with_suffix(".no")
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    if refusal.is_file():
        raise NoPreview(refusal.read_text(encoding="utf-8"))
    try:
        made = _made(sha256, media_type, variant, number)
    except NoPreview as no:
        if no.lasting:
            _keep(refusal, no.sentence.encode())
        raise
    _keep(kept, made)
    return made


def _made(sha256: str, media_type: str, variant: str, number: int) -> bytes:
    """Make it, here where that takes little, else in a process of its own."""
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise NoPreview(BUSY, lasting=False)
    try:
        with _local(sha256) as source:
            if media_type in PICTURES and is_light(source):
                return make(media_type, variant, number, source)
            return _made_apart(media_type, variant, number, source)
    except FileNotFoundError as error:
        raise NoPreview(ABSENT, lasting=False) from error
    finally:
        AT_ONCE.release()


def _made_apart(media_type: str, variant: str, number: int, source: Path) -> bytes:
    """Make it in a process that may use only so much time and memory."""
    with tempfile.TemporaryDirectory(dir=_root()) as folder:
        target = Path(folder) / "made"
        try:
            done = apart.run(
                [*PROGRAM, media_type, variant, str(number), str(source), str(target)],
                folder=folder,
                seconds=2 * SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise NoPreview(TOO_MUCH_WORK) from error
        if done.returncode == REFUSED:
            raise NoPreview(done.stdout.decode())
        if done.returncode < 0:
            raise NoPreview(TOO_MUCH_WORK)
        if done.returncode:
            log.error("preview of %s failed: %s", source.name, done.stderr.decode()[-2000:])
            raise NoPreview(DAMAGED)
        return target.read_bytes()


@contextmanager
def _local(sha256: str) -> Iterator[Path]:
    """Give the stored bytes as a file of this machine, fetched where they are elsewhere."""
    path = storage.store().path(sha256)
    if path is not None:
        if not path.is_file():
            raise FileNotFoundError(sha256)
        yield path
        return
    with storage.store().open(sha256) as stream, tempfile.NamedTemporaryFile(dir=_root()) as copy:
        shutil.copyfileobj(stream, copy, storage.CHUNK)
        copy.flush()
        yield Path(copy.name)


def _root() -> Path:
    if _folder is None:
        raise RuntimeError("no folder for derived files was chosen")
    _folder.mkdir(parents=True, exist_ok=True)
    return _folder


def _place(sha256: str, name: str) -> Path:
    return _root() / EDITION / sha256[:2] / sha256 / name


def _keep(place: Path, content: bytes) -> None:
    """Put ``content`` there at once and whole; two who made the same do no harm."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix="tmp-", delete=False) as target:
        target.write(content)
    os.replace(target.name, place)
