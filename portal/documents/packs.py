"""Packs 打包下载: everything of a task, a pairing or a base as one streamed ZIP.

Files are stored, not compressed: most are compressed already, and so the size is known before
the first byte is sent. The list of hashes comes last; each file's bytes are checked against
its recorded hash on the way, and one that differs breaks the download rather than lie.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zipstream import ZIP_STORED, ZipStream

from portal import clock, storage
from portal.documents.pack_names import UniqueNames, safe_name, safe_part
from portal.documents.spreadsheet import write_sheet
from portal.models import Pairing, ScanState
from portal.models.files import USABLE_SCANS
from portal.queries.packs import PackPiece

log = logging.getLogger("portal")

INDEX, SUMS = "目录.xlsx", "SHA256SUMS"
FELL = "已撤回和不予认可"
MISSING, HELD_BACK = "缺失", "未打包"
HEAD = [
    ("序号", 6),
    ("结对", 30),
    ("用于", 44),
    ("材料名称", 36),
    ("类别", 10),
    ("证明事项", 36),
    ("材料日期", 12),
    ("有效期至", 12),
    ("状态", 10),
    ("说明", 36),
    ("上传人", 10),
    ("上传单位", 24),
    ("上传时间", 17),
    ("原文件名", 36),
    ("大小（字节）", 13),
    ("SHA-256", 66),
    ("包内位置", 80),
]


class BrokenPack(RuntimeError):
    """A file is not what was recorded: the download must break off here."""


@dataclass(frozen=True)
class Entry:
    """One piece in the index; ``path`` is empty where it is not packed, ``note`` says why."""

    piece: PackPiece
    pairing: str
    path: str
    note: str


def entries_of(
    pieces: Sequence[PackPiece], pairings: Sequence[Pairing], *, with_fallen: bool
) -> list[Entry]:
    """Give each piece its path, or the reason why it is not packed.

    Withdrawn and rejected pieces are packed only ``with_fallen``, in a folder of their own.
    """
    folders = _folders_of(pairings)
    titles = {pairing.id: pairing.title for pairing in pairings}
    missing = storage.store().missing({piece.sha256 for piece in pieces})
    names = UniqueNames()
    entries = []
    for piece in pieces:
        note = _why_not(piece, here=piece.sha256 not in missing, with_fallen=with_fallen)
        path = ""
        if not note:
            inner = (FELL, *piece.place) if piece.fell else piece.place
            name = f"{piece.on.isoformat()} {piece.title}" if piece.on else piece.title
            path = names.take(
                [folders[piece.pairing_id], *map(safe_part, inner)],
                safe_name(name, piece.file_name),
            )
        entries.append(Entry(piece, titles[piece.pairing_id], path, note))
    return entries


def stream_of(entries: Sequence[Entry]) -> ZipStream:
    """Return the pack as an iterable of bytes; ``len()`` gives its size in bytes."""
    stream = ZipStream(compress_type=ZIP_STORED, sized=True)
    index = write_sheet("目录", HEAD, (_row(at, one) for at, one in enumerate(entries, 1))).read()
    stream.add(index, INDEX)
    sums = [f"{hashlib.sha256(index).hexdigest()}  {INDEX}\n"]
    for entry in entries:
        if entry.path:
            stream.add(_checked(entry.piece), entry.path, size=entry.piece.size)
            sums.append(f"{entry.piece.sha256}  {entry.path}\n")
    stream.add("".join(sums).encode(), SUMS)
    return stream


def _checked(piece: PackPiece) -> Iterator[bytes]:
    """Give the bytes of a stored file. Raises BrokenPack as soon as they are not the recorded."""
    digest, length = hashlib.sha256(), 0
    try:
        with storage.store().open(piece.sha256) as source:
            while chunk := source.read(storage.CHUNK):
                digest.update(chunk)
                length += len(chunk)
                if length > piece.size:
                    break
                yield chunk
    except OSError as error:
        log.exception("pack broken off: %s cannot be read", piece.sha256)
        raise BrokenPack(piece.sha256) from error
    if length != piece.size or digest.hexdigest() != piece.sha256:
        log.error("pack broken off: %s is not what was recorded", piece.sha256)
        raise BrokenPack(piece.sha256)


def _why_not(piece: PackPiece, *, here: bool, with_fallen: bool) -> str:
    """Return why a piece is not packed; empty when it is."""
    if piece.fell and not with_fallen:
        return HELD_BACK
    if piece.scan not in USABLE_SCANS:
        return ScanState.INFECTED.label if piece.scan is ScanState.INFECTED else piece.scan.label
    return "" if here else MISSING


def _row(number: int, entry: Entry) -> list[object]:
    """Return one line of the index."""
    piece = entry.piece
    return [
        number,
        entry.pairing,
        " / ".join(piece.place),
        piece.title,
        piece.kind.label if piece.kind else "签署扫描件",
        piece.proves,
        piece.on,
        piece.expires_on,
        piece.status.label if piece.status else "",
        "；".join(filter(None, (entry.note, piece.reason))),
        piece.uploader,
        piece.organisation,
        clock.local(piece.uploaded_at).strftime("%Y-%m-%d %H:%M"),
        piece.file_name,
        piece.size,
        piece.sha256,
        entry.path,
    ]


def _folders_of(pairings: Sequence[Pairing]) -> dict[int, str]:
    """Return the folder of each pairing; two hospitals paired twice are told apart."""
    names = UniqueNames()
    return {
        pairing.id: names.take(
            (), safe_part(f"{pairing.supporting.short_name}—{pairing.supported.short_name}")
        )
        for pairing in pairings
    }
