"""The kinds of meetings and what each usually talks about (domain-facts §11)."""

from dataclasses import dataclass
from functools import cache

from portal import reference_data

DEFAULT_KIND = "quarterly"


@dataclass(frozen=True)
class MeetingKind:
    """One kind. ``of_leadership``: it counts against the programme's interval (H-31)."""

    slug: str
    title: str
    agenda: tuple[str, ...]
    of_leadership: bool
    chair: str
    timing: str
    output: str


@cache
def meeting_kinds() -> dict[str, MeetingKind]:
    """Return all kinds by slug, in the order of the file."""
    return {
        one["slug"]: MeetingKind(
            one["slug"],
            one["title"],
            tuple(one["agenda"]),
            one["counts_as_leadership"],
            one["chair"],
            one["timing"],
            one["output"],
        )
        for one in reference_data.load("meeting_kinds")["kind"]
    }


def is_standing_line(title: str) -> bool:
    """Whether an agenda line is some kind's default, and so nobody's own words."""
    return any(title in kind.agenda for kind in meeting_kinds().values())
