"""Stored files: what was uploaded, by whom, and the hash that proves it unchanged."""

from datetime import datetime
from enum import Enum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.base import Base, Identified, LabelledEnum, enum_column


class ScanState(LabelledEnum):
    """What the virus scanner said of a file."""

    NOT_SCANNED = "not_scanned", "未查毒", "neutral"
    WAITING = "waiting", "待扫描", "warning"
    CLEAN = "clean", "已查毒", "success"
    INFECTED = "infected", "发现病毒", "danger"


USABLE_SCANS = frozenset({ScanState.NOT_SCANNED, ScanState.CLEAN})
"""Files in these states may be opened and count as evidence."""


class ShownAs(Enum):
    """In which way a page shows what is in a file."""

    PDF = "pdf"
    PICTURE = "picture"
    WORD = "word"
    SHEET = "sheet"
    TABLE = "table"
    TEXT = "text"
    NAMES = "names"
    VIDEO = "video"


class StoredFile(Identified, Base):
    """One upload. The bytes live in the file store under their SHA-256 and never change."""

    __tablename__ = "stored_files"
    __table_args__ = (CheckConstraint("size > 0", name="not_empty"),)

    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(255))
    pairing_id: Mapped[int | None] = mapped_column(ForeignKey("pairings.id"), index=True)
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    uploaded_at: Mapped[datetime]
    scan: Mapped[ScanState] = mapped_column(
        enum_column(ScanState, "scan"),
        default=ScanState.NOT_SCANNED,
        server_default=ScanState.NOT_SCANNED.value,
    )
    scanned_at: Mapped[datetime | None]
    # What the uploader was warned of (numbers of people) and kept all the same.
    warned_of: Mapped[str] = mapped_column(String(200), default="", server_default="")

    uploaded_by: Mapped[User] = relationship()

    @property
    def shown_as(self) -> ShownAs | None:
        """How its preview page shows it; None for kinds that can only be downloaded."""
        return SHOWN_AS.get(self.media_type)

    @property
    def previewable(self) -> bool:
        """Whether its page shows what is in it, now: the kind is known, and it may be opened."""
        return self.usable and self.shown_as is not None

    @property
    def is_picture(self) -> bool:
        """Whether it is shown as a picture, which is always a cleaned copy."""
        return self.shown_as is ShownAs.PICTURE

    @property
    def has_thumbnail(self) -> bool:
        """Whether lists can show a small picture of it."""
        return self.usable and self.shown_as in (ShownAs.PDF, ShownAs.PICTURE)

    @property
    def usable(self) -> bool:
        """Whether it may be opened and count: no scanner's answer is outstanding or bad."""
        return self.scan in USABLE_SCANS


_OFFICE = "application/vnd.openxmlformats-officedocument."
SHOWN_AS = {
    "application/pdf": ShownAs.PDF,
    "image/png": ShownAs.PICTURE,
    "image/jpeg": ShownAs.PICTURE,
    "image/gif": ShownAs.PICTURE,
    "image/webp": ShownAs.PICTURE,
    f"{_OFFICE}wordprocessingml.document": ShownAs.WORD,
    f"{_OFFICE}spreadsheetml.sheet": ShownAs.SHEET,
    "text/csv": ShownAs.TABLE,
    "text/plain": ShownAs.TEXT,
    "application/zip": ShownAs.NAMES,
    "video/mp4": ShownAs.VIDEO,
}
