"""Taking in uploads: checked by name and by content, then kept under their hash."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from portal import clock, file_text, file_types, look_in, personal_data, storage
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Pairing, ScanState, StoredFile, User
from portal.services import scans

FIELD = "file"
ADVICE = "请核对是否选错了文件，或用原来的程序另存后再上传。"
MAX_NAME = 255
MEBIBYTE = 1024 * 1024
# Control characters, and the marks that turn writing around: “fdp.exe” must not read “exe.pdf”.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_ADVICE = {
    "encrypted": "请去掉打开密码后再上传。",
    "macro": "请另存为不带宏的格式后再上传。",
    "heic": "请在手机上改为“兼容性最佳”格式拍摄，或另存为 JPEG 后再上传。",
    "mov": "请转换为 mp4 后再上传。",
    "broken-zip": "请在本机确认文件能打开，再重新选择。",
}


class HoldsPersonalData(Rejected):
    """The file can be stored, if the uploader says that it must."""


@dataclass(frozen=True)
class Checked:
    """What a look into an acceptable file found: its type, its scan, and numbers of people.

    Of a photograph also the day it was taken, where it says so.
    """

    name: str
    media_type: str
    scan: ScanState
    in_name: personal_data.Found
    in_text: personal_data.Found
    taken_on: date | None = None

    @property
    def finding(self) -> str:
        """What the uploader is warned of, as half a sentence; empty when there is nothing."""
        parts = [f"{where}中有{found.counts}（{found.examples}）" for where, found in self._numbers]
        return f"“{self.name}”的{'，'.join(parts)}。" if parts else ""

    @property
    def warned_of(self) -> str:
        """The same for the record, without any number."""
        return "；".join(f"{where}：{found.counts}" for where, found in self._numbers)

    @property
    def _numbers(self) -> list[tuple[str, personal_data.Found]]:
        """Where numbers of people stand, as far as there are any."""
        places = (("文件名", self.in_name), ("内容", self.in_text))
        return [(where, found) for where, found in places if found]


def check(filename: str, stream: BinaryIO) -> Checked:
    """Look at an upload from all sides without keeping it. ``stream`` must be seekable.

    Asks nothing of the database, and may take long. Raises Rejected({"file": …}) for a name
    that cannot be shown, and for an empty, too large, unsupported, disguised, locked or
    infected file: the sentence says what to do.
    """
    name = checked_name(filename)
    accepted = accepted_type(name)
    check_size(name, stream.seek(0, 2))
    stream.seek(0)
    seen = _look_into(name, accepted, stream)
    scan = scans.admit(name, stream)
    stream.seek(0)
    return Checked(
        name,
        accepted.media_type,
        scan,
        personal_data.find(name),
        seen.found,
        seen.taken_on,
    )


@dataclass(frozen=True)
class Kept:
    """A file that was checked, and whose bytes are in the store."""

    stored: storage.Stored
    checked: Checked


def keep_upload(filename: str, stream: BinaryIO, *, despite_warning: bool = False) -> Kept:
    """Check an upload and keep its bytes; :func:`record_file` makes a row of it.

    Asks nothing of the database, and may take long. Raises as :func:`store_upload` does.
    """
    checked = check(filename, stream)
    if checked.finding and not despite_warning:
        raise HoldsPersonalData({FIELD: f"{checked.finding}请遮盖无关的个人信息后再上传。"})
    return Kept(storage.store().save(stream), checked)


def store_upload(
    filename: str,
    stream: BinaryIO,
    *,
    pairing: Pairing | None,
    actor: User,
    despite_warning: bool = False,
) -> StoredFile:
    """Check an upload and keep it. ``stream`` must be seekable.

    Whoever calls has decided that ``actor`` may add a file here. Raises Rejected({"file": …})
    as :func:`check` does, and HoldsPersonalData for numbers of people in it unless
    ``despite_warning``; then nothing was kept.
    """
    kept = keep_upload(filename, stream, despite_warning=despite_warning)
    return record_file(kept.stored, kept.checked, pairing=pairing, actor=actor)


def record_file(
    stored: storage.Stored, checked: Checked, *, pairing: Pairing | None, actor: User
) -> StoredFile:
    """Write down a file whose bytes are in the store; returns its row, flushed."""
    file = StoredFile(
        sha256=stored.sha256,
        size=stored.size,
        media_type=checked.media_type,
        name=checked.name,
        pairing_id=pairing.id if pairing else None,
        uploaded_by=actor,
        uploaded_at=clock.now(),
        scan=checked.scan,
        scanned_at=clock.now() if checked.scan is ScanState.CLEAN else None,
        warned_of=checked.warned_of[:200],
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


def accepted_type(name: str) -> file_types.FileType:
    """Return what the extension of ``name`` promises. Raises Rejected for one not accepted."""
    extension = _extension(name)
    accepted = file_types.ACCEPTED.get(extension)
    if accepted is None:
        shown = f"“.{extension}”文件" if extension else "没有扩展名的文件"
        raise _refused(f"不能上传{shown}。可以上传：{file_types.ACCEPTED_IN_WORDS}。")
    return accepted


def check_size(name: str, size: int) -> None:
    """Raise Rejected for an empty file, and for one of more bytes than the limit."""
    limit = storage.upload_limit()
    if not size:
        raise _refused(f"“{name}”是空文件，请检查后重新选择。")
    if size > limit:
        raise _refused(
            f"“{name}”有 {size / MEBIBYTE:.1f} MB，超过了 {limit / MEBIBYTE:g} MB 的限制，"
            "请压缩后再上传。"
        )


def _look_into(name: str, accepted: file_types.FileType, stream: BinaryIO) -> look_in.Seen:
    """Return what a look found. Raises Rejected unless the bytes are what the name says, and
    open without a password."""
    found = file_types.sniff(stream)
    if accepted.content not in found:
        really = "、".join(sorted(file_types.content_label(one) for one in found))
        advice = next((_ADVICE[one] for one in sorted(found) if one in _ADVICE), ADVICE)
        raise _refused(
            f"“{name}”的扩展名是 .{_extension(name)}（{accepted.label}），内容却是{really}，"
            f"不能上传。{advice}"
        )
    seen = look_in.look(stream, accepted.content)
    if seen.locked:
        raise _refused(f"“{name}”设有打开密码，审核人员无法查看。请去掉密码后再上传。")
    if seen.broken:
        if accepted.content in file_text.PICTURES:
            raise _refused(f"“{name}”：照片已损坏或过大，请重新拍摄或重新导出后再上传。")
        raise _refused(f"“{name}”已损坏，打不开。请重新导出或重新扫描后再上传。")
    return seen


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _refused(sentence: str) -> Rejected:
    return Rejected({FIELD: sentence})
