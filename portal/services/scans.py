"""What the virus scanner's answer means: before a file is kept, and for those that wait."""

from dataclasses import dataclass
from typing import BinaryIO

import sqlalchemy as sa

from portal import clock, scanner, storage
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Evidence, EvidenceRevision, ScanState, StoredFile
from portal.models.files import USABLE_SCANS
from portal.workflow import record

FIELD = "file"


@dataclass(frozen=True)
class Settled:
    """What an answer changed: the files (ids) of these bytes, and whether the bytes go.

    Bytes that already counted as evidence are not destroyed by a program: they stay, closed.
    """

    files: list[int]
    remove_bytes: bool


def admit(name: str, stream: BinaryIO) -> ScanState:
    """Ask the scanner about an upload called ``name`` before it is kept.

    Returns the state to keep it with: NOT_SCANNED, CLEAN, or WAITING while the scanner is down
    (it is kept, but cannot be opened and does not count). Raises Rejected for an infected
    file, and for one larger than the scanner looks at: it would wait for ever.
    """
    try:
        state = scanner.scan(stream)
    except scanner.TooLargeToScan as error:
        raise Rejected(
            {
                FIELD: f"“{name}”超过了查毒程序能检查的大小，未能确认无毒，没有保存。"
                "请压缩或拆分后再上传，或请系统管理员调大查毒程序的上限。"
            }
        ) from error
    if state is ScanState.INFECTED:
        raise Rejected(
            {FIELD: f"“{name}”查出病毒，没有保存。请在本机查杀病毒后，换一份干净的文件再上传。"}
        )
    return state


def next_to_scan(after: str, *, everything: bool = False, limit: int = 200) -> list[str]:
    """Return the next hashes behind ``after`` that wait for the scanner, in order.

    With ``everything`` also those that may be opened already.
    """
    states = {ScanState.WAITING, *(USABLE_SCANS if everything else ())}
    return list(
        db.session.scalars(
            sa.select(StoredFile.sha256)
            .where(StoredFile.sha256 > after, StoredFile.scan.in_(states))
            .group_by(StoredFile.sha256)
            .order_by(StoredFile.sha256)
            .limit(limit)
        )
    )


def look_at(sha256: str) -> ScanState:
    """Ask the scanner about stored bytes.

    Raises FileNotFoundError, and scanner.TooLargeToScan where asking again will not help.
    """
    with storage.store().open(sha256) as stream:
        return scanner.scan(stream)


def settle(sha256: str, state: ScanState) -> Settled:
    """Note on every file of these bytes what the scanner said: CLEAN or INFECTED.

    The caller commits, and only then removes the bytes where that is due: a process killed in
    between leaves bytes that nobody can open.
    """
    files = list(
        db.session.scalars(
            sa.select(StoredFile)
            .where(StoredFile.sha256 == sha256)
            .order_by(StoredFile.id)
            .with_for_update(of=StoredFile)
        )
    )
    counted = any(file.usable for file in files)
    if state is ScanState.CLEAN:
        # What an earlier scan found stands until somebody looks into it.
        files = [file for file in files if file.scan is not ScanState.INFECTED]
    remove_bytes = state is ScanState.INFECTED and not counted
    for file in files:
        if state is ScanState.INFECTED and file.scan is not ScanState.INFECTED:
            _tell(file, remove_bytes)
        file.scan, file.scanned_at = state, clock.now()
    db.session.flush()
    return Settled([file.id for file in files], remove_bytes)


def _tell(file: StoredFile, removed: bool) -> None:
    """Write into the history of what the file stood for that it is infected."""
    pieces = db.session.scalars(
        sa.select(Evidence)
        .where(
            sa.or_(
                Evidence.file_id == file.id,
                Evidence.id.in_(
                    sa.select(EvidenceRevision.evidence_id).where(
                        EvidenceRevision.file_id == file.id
                    )
                ),
            )
        )
        .order_by(Evidence.id)
    ).all()
    about: list[tuple[Evidence | StoredFile, str]] = [(piece, "evidence") for piece in pieces] or [
        (file, "file")
    ]
    for target, object_type in about:
        record(
            target,
            object_type,
            action="file_infected",
            title="查毒发现病毒",
            actor=None,
            tone="danger",
            details=[
                ("文件", file.name),
                ("SHA-256", file.sha256),
                ("处理", "内容已删除" if removed else "内容已封存，不能打开"),
            ],
        )
