"""Reading a workbook that was sent, in a process of its own."""

import hashlib
import json
import logging
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from typing import BinaryIO

from portal import apart
from portal.documents.workbooks.child import REFUSED
from portal.documents.workbooks.grid import Sheet
from portal.documents.workbooks.limits import EMPTY, MAX_BYTES, SECONDS, TOO_LARGE, TOO_MUCH_WORK
from portal.errors import Rejected

log = logging.getLogger(__name__)

AT_ONCE = threading.BoundedSemaphore(2)
"""How many workbooks one worker reads at a time."""


@dataclass(frozen=True)
class Workbook:
    """What was sent: its fingerprint and its sheets."""

    sha256: str
    sheets: list[Sheet]


def read_workbook(stream: BinaryIO) -> Workbook:
    """Return every sheet of the workbook in ``stream``, as text.

    The kind is told by content; the name is not asked. Raises Rejected({"file": …}) with what to
    do for everything that is not a readable workbook within the limits.
    """
    data = stream.read(MAX_BYTES + 1)
    if not data:
        raise Rejected({"file": EMPTY})
    if len(data) > MAX_BYTES:
        raise Rejected({"file": TOO_LARGE})
    with AT_ONCE, tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as copy:
        copy.write(data)
        copy.flush()
        copy.seek(0)
        command = [*apart.PROGRAM, "portal.documents.workbooks.child"]
        try:
            done = apart.run(command, folder=folder, seconds=2 * SECONDS, stdin=copy)
        except subprocess.TimeoutExpired as error:
            raise Rejected({"file": TOO_MUCH_WORK}) from error
    if done.returncode == REFUSED:
        raise Rejected({"file": done.stdout.decode()})
    if done.returncode:
        told = done.stderr.decode(errors="replace")[-500:]
        log.warning("reading a workbook ended with %s: %s", done.returncode, told)
        raise Rejected({"file": TOO_MUCH_WORK})
    sheets = [Sheet(**one) for one in json.loads(done.stdout)]
    return Workbook(hashlib.sha256(data).hexdigest(), sheets)
