"""What an address or a hidden field says. Nonsense counts as nothing, so it does not narrow.

Anybody logged in can type an address; whatever they type, the database must be able to take it.
"""

from datetime import date
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from portal.models import LabelledEnum
from portal.row_ids import row_id
from portal.web.forms import trimmed

Member = TypeVar("Member", bound=LabelledEnum)
Said = MultiDict[str, str]

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Days beyond these have no neighbour, or no midnight in UTC, that Python could name."""


def id_of(args: Said, name: str) -> int | None:
    """Return the id under ``name``, or None where there is none a row could have."""
    return row_id(args.get(name))


def text_of(args: Said, name: str, limit: int) -> str:
    """Return the words under ``name``: trimmed, without NUL, at most ``limit`` characters."""
    text: str = trimmed(args.get(name, ""))
    return text[:limit]


def day_of(args: Said, name: str) -> date | None:
    """Return the day under ``name``, written 2021-03-15, or None."""
    try:
        day = date.fromisoformat(args.get(name, ""))
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def member_of(enum: type[Member], text: str | None) -> Member | None:
    """Return the member of ``enum`` with the slug ``text``, or None."""
    return next((member for member in enum if member.value == text), None)


def kept_of(args: Said, names: tuple[str, ...]) -> dict[str, str]:
    """Return what the address says under ``names``, to be carried to the next page."""
    said = {name: text_of(args, name, 200) for name in names}
    return {name: text for name, text in said.items() if text}
