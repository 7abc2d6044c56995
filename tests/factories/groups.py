"""Leadership groups, complete and with gaps."""

from portal.models import Duty, GroupRole, LeadershipGroup, Pairing, Role, Side, User
from portal.policies.groups import REQUIRED_SEATS
from portal.services.groups import MemberEntry, save_group
from tests.factories.people import make_user

NAMES = ("林一川", "潘若愚", "韩祖铭", "莫秉谦", "云舒雁", "卢映雪")
"""One invented name for each seat that the notice names, in the order of REQUIRED_SEATS."""


def full_entries() -> list[MemberEntry]:
    """A line for every seat."""
    return [
        MemberEntry(name, seat.side, seat.duty.label, seat.role, seat.duty)
        for name, seat in zip(NAMES, REQUIRED_SEATS, strict=True)
    ]


def complete_group(pairing: Pairing, *, actor: User | None = None) -> LeadershipGroup:
    """A group with nobody missing."""
    return _saved(pairing, full_entries(), actor)


def group_without_leader(pairing: Pairing, *, actor: User | None = None) -> LeadershipGroup:
    """A group whose leader is missing."""
    entries = [entry for entry in full_entries() if entry.role is not GroupRole.LEADER]
    return _saved(pairing, entries, actor)


def group_without_deputy(pairing: Pairing, *, actor: User | None = None) -> LeadershipGroup:
    """A group whose deputy leader is missing."""
    entries = [entry for entry in full_entries() if entry.role is not GroupRole.DEPUTY]
    return _saved(pairing, entries, actor)


def group_of_supporters(pairing: Pairing, *, actor: User | None = None) -> LeadershipGroup:
    """A group into which only the supporting side has written."""
    entries = [entry for entry in full_entries() if entry.side is Side.SUPPORTING]
    return _saved(pairing, entries, actor)


def member(
    name: str, side: Side = Side.SUPPORTED, role: GroupRole = GroupRole.MEMBER
) -> MemberEntry:
    """A line of the group's form."""
    return MemberEntry(name, side, "", role, Duty.OTHER)


def _saved(pairing: Pairing, entries: list[MemberEntry], actor: User | None) -> LeadershipGroup:
    """Save through the service, by a coordinator of the supporting hospital."""
    who = actor or make_user(Role.BASE_COORDINATOR, pairing.supporting)
    return save_group(pairing, entries, established_on=None, seen_version=None, actor=who)
