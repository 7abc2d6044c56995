"""Hash and size of bytes, taken while they are copied."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from portal.storage import CHUNK


@dataclass(frozen=True)
class Written:
    """What is known of one member: SHA-256 in hex, and size in bytes."""

    sha256: str
    size: int


def measured(source: BinaryIO, target: BinaryIO | None = None) -> Written:
    """Read ``source`` to its end, into ``target`` where one is given."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return Written(digest.hexdigest(), size)
