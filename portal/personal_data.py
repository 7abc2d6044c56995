"""Numbers of people in names and texts: ID cards and mobile phones, found and hidden.

A file that holds one warns before it is stored (design/quality.md, "Personal data"); the
warning itself must not repeat what it warns of, so numbers leave here masked only.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

# Neither digits nor letters of a hexadecimal number may stand next to it: a hash is no phone.
_NO_DIGIT_BEFORE, _NO_DIGIT_AFTER = r"(?<![0-9A-Fa-f.])", r"(?![0-9A-Fa-f])"
_ID = re.compile(r"(?<![0-9A-Za-z])([1-9]\d{5}(\d{4})(\d{2})(\d{2})\d{3}[\dXx])(?![0-9A-Za-z])")
_PHONE = re.compile(
    _NO_DIGIT_BEFORE + r"(?:(?:\+|00)?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})" + _NO_DIGIT_AFTER
)
# GB 11643-1999: the weighted sum of the first 17 digits, modulo 11, names the last character.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
EXAMPLES = 3


@dataclass(frozen=True)
class Found:
    """The different numbers of one text, each masked."""

    ids: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ids or self.phones)

    @property
    def counts(self) -> str:
        """How many there are, in words: 身份证号 1 处、手机号 2 处."""
        named = (("身份证号", self.ids), ("手机号", self.phones))
        return "、".join(f"{name} {len(found)} 处" for name, found in named if found)

    @property
    def examples(self) -> str:
        """A few of them, masked: 460***********001X、138****1234."""
        shown = [*sorted(self.ids), *sorted(self.phones)]
        return "、".join(shown[:EXAMPLES]) + ("等" if len(shown) > EXAMPLES else "")


def find(text: str) -> Found:
    """Return the ID numbers (18 characters with a right check) and mobile numbers in ``text``."""
    plain = unicodedata.normalize("NFKC", text)
    ids = {m[1].upper() for m in _ID.finditer(plain) if _is_id(m[1].upper())}
    phones = {"".join(match.groups()) for match in _PHONE.finditer(plain)}
    return Found(
        frozenset(f"{one[:3]}{'*' * 11}{one[-4:]}" for one in ids),
        frozenset(f"{one[:3]}****{one[-4:]}" for one in phones),
    )


def _is_id(number: str) -> bool:
    """Whether the date inside ``number`` exists and its last character is right."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return 1900 <= born.year <= 2100 and _CHECK[total % 11] == number[17]
