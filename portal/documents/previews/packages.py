"""Looking into zip containers before anybody unpacks them."""

import zipfile
from pathlib import Path
from typing import Any

from portal.documents.previews.limits import (
    DAMAGED,
    LOCKED,
    NAMES,
    PARTS,
    TOO_LARGE,
    UNPACKED,
    NoPreview,
)


def check_package(source: Path, *, xml_limit: int) -> None:
    """Raise NoPreview for an Office file that unpacks too large, is locked or holds entities.

    Nothing unpacks to more than its declared size: the reader stops there.
    """
    try:
        with zipfile.ZipFile(source) as package:
            parts = package.infolist()
            xml = [part for part in parts if part.filename.lower().endswith((".xml", ".rels"))]
            if (
                len(parts) > PARTS
                or sum(part.file_size for part in parts) > UNPACKED
                or sum(part.file_size for part in xml) > xml_limit
            ):
                raise NoPreview(TOO_LARGE)
            if any(part.flag_bits & 1 for part in parts):
                raise NoPreview(LOCKED)
            for part in xml:
                # Office never writes a document type; entities are the only use one could have.
                plain = package.read(part).replace(b"\0", b"")
                if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                    raise NoPreview(DAMAGED)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise NoPreview(DAMAGED) from error


def names_in(source: Path) -> dict[str, Any]:
    """Return the first names in an archive with their sizes, and how many there are in all."""
    try:
        with zipfile.ZipFile(source) as archive:
            files = [part for part in archive.infolist() if not part.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise NoPreview(DAMAGED) from error
    return {
        "names": [[_readable(part)[:300], part.file_size] for part in files[:NAMES]],
        "total": len(files),
        "size": sum(part.file_size for part in files),
    }


def _readable(part: zipfile.ZipInfo) -> str:
    """Return the name as whoever packed it saw it: Windows writes Chinese names in GBK."""
    if part.flag_bits & 0x800:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return part.filename
