"""Taking in uploads: checked by name and by content, then kept under their hash."""

import re
import unicodedata
from typing import BinaryIO

from portal import clock, file_types, storage
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Pairing, ScanState, StoredFile, User
from portal.services import scans

FIELD = "file"
MAX_NAME = 255
MEBIBYTE = 1024 * 1024
# Control characters, and the marks that turn writing around: “fdp.exe” must not read “exe.pdf”.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def store_upload(
    filename: str, stream: BinaryIO, *, pairing: Pairing | None, actor: User
) -> StoredFile:
    """Check an upload and keep it. ``stream`` must be seekable.

    Whoever calls has decided that ``actor`` may add a file here. Raises Rejected({"file": …})
    for an empty, too large, unsupported, disguised or infected file; then nothing was kept.
    """
    name = checked_name(filename)
    media_type = _checked_content(name, stream)
    scan = scans.admit(name, stream)
    stored = storage.store().save(stream)
    file = StoredFile(
        sha256=stored.sha256,
        size=stored.size,
        media_type=media_type,
        name=name,
        pairing_id=pairing.id if pairing else None,
        uploaded_by=actor,
        uploaded_at=clock.now(),
        scan=scan,
        scanned_at=clock.now() if scan is ScanState.CLEAN else None,
    )
    db.session.add(file)
    db.session.flush()
    return file


def checked_name(filename: str) -> str:
    """Return the last part of ``filename``; it is shown and downloaded, never used as a path.

    Raises Rejected for a name that is empty, too long or holds invisible characters.
    """
    if _FORBIDDEN.search(filename):
        raise _refused("文件名中含有不可见的控制字符，请改名后再上传。")
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", filename)[-1]).strip()
    stem = name.rpartition(".")[0]
    if name in ("", ".", "..") or ("." in name and not stem.strip(". ")):
        raise _refused("文件没有名字，请改名后再上传。")
    if len(name) > MAX_NAME:
        raise _refused(f"文件名最多 {MAX_NAME} 个字，现有 {len(name)} 个字，请缩短后再上传。")
    return name


def title_of(name: str) -> str:
    """Return the name without its extension, as the first title of a piece of evidence."""
    return (name.rpartition(".")[0] or name)[:200]


def _checked_content(name: str, stream: BinaryIO) -> str:
    """Return the media type of an acceptable file. Raises Rejected."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    accepted = file_types.ACCEPTED.get(extension)
    if accepted is None:
        shown = f"“.{extension}”文件" if extension else "没有扩展名的文件"
        raise _refused(f"不能上传{shown}。可以上传：{file_types.ACCEPTED_IN_WORDS}。")
    size, limit = stream.seek(0, 2), storage.upload_limit()
    stream.seek(0)
    if not size:
        raise _refused(f"“{name}”是空文件，请检查后重新选择。")
    if size > limit:
        raise _refused(
            f"“{name}”有 {size / MEBIBYTE:.1f} MB，超过了 {limit / MEBIBYTE:g} MB 的限制，"
            "请压缩后再上传。"
        )
    found = file_types.sniff(stream)
    if accepted.content not in found:
        really = "、".join(sorted(file_types.content_label(one) for one in found))
        raise _refused(
            f"“{name}”的扩展名是 .{extension}（{accepted.label}），内容却是{really}，不能上传。"
        )
    return accepted.media_type


def _refused(sentence: str) -> Rejected:
    return Rejected({FIELD: sentence})
