"""Derived files, kept by the hash of what they come from. They can be removed at any time."""

import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portal import apart, storage
from portal.documents.previews.limits import (
    ABSENT,
    BUSY,
    SECONDS,
    TOO_MUCH_WORK,
    TROUBLE,
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

TEMPORARY = "tmp"
COPIED = "copies"
COPY_SECONDS = 600
"""How long the copy of a file from elsewhere stays for the next page of it to be drawn."""
DAY = 24 * 3600

_folder: Path | None = None


def use(folder: Path) -> None:
    """Keep derived files below ``folder``. Called once, by create_app()."""
    global _folder
    _folder = folder


def derived(sha256: str, media_type: str, variant: str, number: int = 0) -> bytes:
    """Return a variant of the stored file ``sha256``, made now unless it is still kept.

    Whoever calls has decided that the viewer may see the file. Raises NoPreview with a
    sentence; one that will not change is kept as well, so that nobody pays for it twice.
    Making takes up to a minute: no transaction should be open meanwhile.
    """
    made = already(sha256, variant, number)
    if made is not None:
        return made
    kept = _place(sha256, f"{variant}-{number}")
    try:
        made = _made(sha256, media_type, variant, number)
    except NoPreview as no:
        if no.lasting:
            _keep(kept.with_suffix(".no"), no.sentence.encode())
        raise
    _keep(kept, made)
    return made


def already(sha256: str, variant: str, number: int = 0) -> bytes | None:
    """Return what is kept of a variant, None where it must be made. Raises a kept NoPreview."""
    kept = _place(sha256, f"{variant}-{number}")
    with suppress(FileNotFoundError):
        return _used(kept)
    with suppress(FileNotFoundError):
        raise NoPreview(_used(kept.with_suffix(".no")).decode())
    return None


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
    except OSError as error:
        # A full disk, a store that does not answer: the file itself may be fine.
        log.exception("preview of %s failed", sha256)
        raise NoPreview(TROUBLE, lasting=False) from error
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
            # By the clock on the wall: a busy machine, for its processor time is limited besides.
            raise NoPreview(TROUBLE, lasting=False) from error
        if done.returncode == REFUSED:
            raise NoPreview(done.stdout.decode())
        if done.returncode == -signal.SIGXCPU:
            raise NoPreview(TOO_MUCH_WORK)
        if done.returncode:
            log.error("preview of %s failed: %s", source.name, done.stderr.decode()[-2000:])
            raise NoPreview(TROUBLE, lasting=False)
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
    copy = _root() / COPIED / sha256
    try:
        os.utime(copy)
    except FileNotFoundError:
        _forget_unused(copy.parent, COPY_SECONDS)
        _copy_to(copy, sha256)
    yield copy


def _copy_to(copy: Path, sha256: str) -> None:
    """Fetch a file. The next page of it is drawn from the same copy."""
    copy.parent.mkdir(exist_ok=True)
    with (
        storage.store().open(sha256) as stream,
        tempfile.NamedTemporaryFile(dir=copy.parent, prefix=TEMPORARY, delete=False) as target,
    ):
        try:
            shutil.copyfileobj(stream, target, storage.CHUNK)
            target.flush()
            os.replace(target.name, copy)
        except BaseException:
            Path(target.name).unlink(missing_ok=True)
            raise


def tidy(days: int) -> int:
    """Remove what nobody has looked at for so many days, and what a killed process left.

    Returns how many files went; whatever is wanted again is made again.
    """
    removed = _forget_unused(_root() / COPIED, COPY_SECONDS)
    removed += _forget_unused(_root(), DAY, prefix=TEMPORARY)
    return removed + _forget_unused(_root(), days * DAY)


def _forget_unused(folder: Path, seconds: float, prefix: str = "") -> int:
    """Remove the files below ``folder`` last used so long ago, and folders that are empty then."""
    limit, removed = time.time() - seconds, 0
    for path in sorted(folder.rglob("*"), reverse=True):
        within = path.relative_to(folder).parts
        with suppress(OSError):
            if path.stat().st_mtime >= limit or not any(one.startswith(prefix) for one in within):
                continue
            if path.is_dir():
                path.rmdir()  # refused while anything is in it
            else:
                path.unlink()
                removed += 1
    return removed


def _root() -> Path:
    if _folder is None:
        raise RuntimeError("no folder for derived files was chosen")
    _folder.mkdir(parents=True, exist_ok=True)
    return _folder


def _place(sha256: str, name: str) -> Path:
    return _root() / EDITION / sha256[:2] / sha256 / name


def _used(place: Path) -> bytes:
    """Read a kept file, and say once a day that it is still used. Raises FileNotFoundError."""
    content = place.read_bytes()
    with suppress(OSError):
        if place.stat().st_mtime < time.time() - DAY:
            os.utime(place)
    return content


def _keep(place: Path, content: bytes) -> None:
    """Put ``content`` there at once and whole; two who made the same do no harm.

    What cannot be kept is made anew the next time.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=place.parent, prefix=TEMPORARY, delete=False
        ) as target:
            target.write(content)
        os.replace(target.name, place)
    except OSError:
        log.exception("%s could not be kept", place.name)
