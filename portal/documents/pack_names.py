"""Names inside a pack that every system unpacks: no path tricks, nothing reserved, none twice."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

FOLDER_LENGTH, NAME_LENGTH = 44, 80
"""In characters; a Chinese one takes three bytes, and Linux ends a name at 255 bytes."""
FOLDER_BYTES, NAME_BYTES = 132, 240

# What Windows forbids, separators, controls, and the marks that turn writing around.
_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f<>:\"/\\|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)", re.IGNORECASE
)


def safe_part(text: str, *, length: int = FOLDER_LENGTH, size: int = FOLDER_BYTES) -> str:
    """Return ``text`` as the name of one folder or file, at most so long."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text)).strip()
    name = _shortened(name, length, size)
    # Windows drops dots and blanks at the end; a dot in front hides the file elsewhere.
    name = re.sub(r"^\.+", "_", name).rstrip(". ")
    if not name:
        return "_"
    return f"_{name}" if _RESERVED.match(name) else name


def safe_name(title: str, file_name: str) -> str:
    """Return the name of a file that is called ``title``, with the extension it came with."""
    extension = PurePosixPath(file_name).suffix.lower()
    if not re.fullmatch(r"\.[a-z0-9]{1,8}", extension):
        extension = ""
    room = len(extension)
    return safe_part(title, length=NAME_LENGTH - room, size=NAME_BYTES - room) + extension


class UniqueNames:
    """Gives every path once, also where a system takes 甲.PDF and 甲.pdf for the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, folders: Sequence[str], name: str) -> str:
        """Return folders and name as one path, numbered where it was taken before."""
        stem, dot, extension = name.rpartition(".")
        if not dot:
            stem, extension = name, ""
        number = 1
        while True:
            shown = name if number == 1 else f"{stem} ({number}){dot}{extension}"
            path = "/".join((*folders, shown))
            key = unicodedata.normalize("NFKC", path).casefold()
            if key not in self._taken:
                self._taken.add(key)
                return path
            number += 1


def _shortened(text: str, length: int, size: int) -> str:
    """Cut ``text`` to so many characters and bytes, between characters."""
    return text[:length].encode()[:size].decode(errors="ignore")
