"""A paper from its facts: made apart, within limits, from our own template or the centre's."""

import json
import logging
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

from portal import apart
from portal.documents.official import limits
from portal.documents.official.making import REFUSED
from portal.errors import PortalError
from portal.models import OutputFormat, OutputKind
from portal.plain_text import all_printable

log = logging.getLogger(__name__)

PROGRAM = [*apart.PROGRAM, "portal.documents.official.making"]
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
FONTS = Path(__file__).resolve().parent.parent / "fonts"
LIBRARY = "gbt9704.typ"
MEDIA_TYPES = {
    OutputFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    OutputFormat.PDF: "application/pdf",
}
AT_ONCE = threading.BoundedSemaphore(2)
"""How many papers one worker makes at a time."""
PATIENCE = 20


class NoPaper(PortalError):
    """The paper cannot be made now; it may be, a moment later or in the other format."""

    status = 503


class TemplateRefused(PortalError):
    """The template itself is at fault; the sentence says where."""

    status = 422


def produce(
    kind: OutputKind, fmt: OutputFormat, facts: dict[str, Any], template: bytes | None = None
) -> bytes:
    """Return the paper. ``template`` is the centre's, None for our own.

    Raises NoPaper, or TemplateRefused where the template cannot be filled.
    It takes seconds for thousands of lines: no transaction should be open meanwhile.
    """
    return _apart(fmt.value, kind, facts, template, (limits.SECONDS, limits.MEMORY))


def try_out(
    kind: OutputKind, fmt: OutputFormat, facts: dict[str, Any], template: bytes | None = None
) -> bytes:
    """Like :func:`produce`, for a sample: within tighter limits, and named as the template's fault.

    Raises TemplateRefused, or NoPaper.
    """
    return _apart(
        fmt.value, kind, facts, template, (limits.SAMPLE_SECONDS, limits.SAMPLE_MEMORY), True
    )


def shipped_template(kind: OutputKind, fmt: OutputFormat) -> bytes:
    """Return our own template, as a centre may take it for a start."""
    if fmt is OutputFormat.PDF:
        return (TEMPLATES / f"{kind.value}.typ").read_bytes()
    spent = (limits.SAMPLE_SECONDS, limits.SAMPLE_MEMORY)
    return _apart("template", kind, {}, None, spent)


def library() -> bytes:
    """Return the text that every Typst template of ours builds on."""
    return (TEMPLATES / LIBRARY).read_bytes()


def has_fonts() -> bool:
    """Whether the fonts that script/assets.py fetches are there."""
    return any(FONTS.glob("*.ttf"))


def _apart(
    job: str,
    kind: OutputKind,
    facts: dict[str, Any],
    template: bytes | None,
    spent: tuple[int, int],
    on_trial: bool = False,
) -> bytes:
    if job == OutputFormat.PDF.value and not has_fonts():
        raise NoPaper(limits.NO_FONTS)
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise NoPaper(limits.BUSY)
    try:
        with tempfile.TemporaryDirectory(prefix="portal-paper-") as name:
            folder = Path(name)
            _lay_out(folder, job, kind, facts, template)
            return _run(folder, job, spent, on_trial)
    finally:
        AT_ONCE.release()


def _lay_out(
    folder: Path, job: str, kind: OutputKind, facts: dict[str, Any], template: bytes | None
) -> None:
    """Put into the folder what the paper is made from, and nothing else."""
    text = json.dumps(all_printable(facts), ensure_ascii=False)
    (folder / "facts.json").write_text(text, encoding="utf-8")
    (folder / "kind").write_text(kind.value, encoding="utf-8")
    if job == OutputFormat.PDF.value:
        shutil.copy(TEMPLATES / LIBRARY, folder)
        own = (TEMPLATES / f"{kind.value}.typ").read_bytes()
        (folder / "main.typ").write_bytes(own if template is None else template)
    elif template is not None:
        (folder / "template").write_bytes(template)


def _run(folder: Path, job: str, spent: tuple[int, int], on_trial: bool) -> bytes:
    seconds, memory = spent
    try:
        done = apart.run(
            [*PROGRAM, job, str(seconds), str(memory), str(folder)],
            folder=str(folder),
            seconds=3 * seconds,
        )
    except subprocess.TimeoutExpired as error:
        # By the clock on the wall: a busy machine, or a template that only waits.
        raise _refusal(on_trial, limits.TOO_SLOW, limits.TROUBLE) from error
    if done.returncode == REFUSED:
        raise TemplateRefused(done.stdout.decode())
    if done.returncode == -signal.SIGXCPU or done.returncode == -signal.SIGKILL:
        raise _refusal(on_trial, limits.TOO_SLOW, limits.TOO_MUCH)
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode and ("MemoryError" in said or "memory allocation" in said):
        raise _refusal(on_trial, limits.TOO_HUNGRY, limits.TOO_MUCH)
    made = folder / "made"
    if done.returncode or not made.is_file() or made.stat().st_size > limits.PAPER:
        log.error("a paper (%s) failed with %s: %s", job, done.returncode, said[-2000:])
        raise _refusal(on_trial, limits.NOT_MADE, limits.TROUBLE)
    return made.read_bytes()


def _refusal(on_trial: bool, of_template: str, otherwise: str) -> PortalError:
    return TemplateRefused(of_template) if on_trial else NoPaper(otherwise)
