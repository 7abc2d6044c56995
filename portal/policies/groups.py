"""The composition of a leadership group that the notice asks for (H-30)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from portal.models import Duty, GroupMember, GroupRole, LeadershipGroup, Pairing, Side


@dataclass(frozen=True)
class Seat:
    """One seat the notice names: who must sit there, and in which role."""

    side: Side
    duty: Duty
    role: GroupRole

    def filled_by(self, member: GroupMember) -> bool:
        """Whether ``member`` sits on this seat now."""
        return (member.side, member.duty, member.role, member.left_on) == (
            self.side,
            self.duty,
            self.role,
            None,
        )


REQUIRED_SEATS = (
    Seat(Side.SUPPORTING, Duty.BASE_HEAD, GroupRole.LEADER),
    Seat(Side.SUPPORTED, Duty.EXECUTIVE, GroupRole.DEPUTY),
    Seat(Side.SUPPORTING, Duty.TRAINING_OFFICE, GroupRole.MEMBER),
    Seat(Side.SUPPORTED, Duty.TRAINING_OFFICE, GroupRole.MEMBER),
    Seat(Side.SUPPORTING, Duty.GP_DIRECTOR, GroupRole.MEMBER),
    Seat(Side.SUPPORTED, Duty.GP_DIRECTOR, GroupRole.MEMBER),
)
"""组长：培训基地负责人；副组长：对口帮扶基地分管领导；成员：双方职能部门和专业基地负责人。"""


def seat_label(seat: Seat, pairing: Pairing) -> str:
    """Return the seat as the page names it, hospital included."""
    hospital = pairing.organisation_on(seat.side).short_name
    return f"{seat.role.label}：{hospital}{seat.duty.label}"


def composition_gaps(group: LeadershipGroup | None, pairing: Pairing) -> list[str]:
    """Return a sentence for each seat that nobody sits on; empty for a complete group."""
    members = group.current_members if group else []
    return [
        f"缺少{seat_label(seat, pairing)}"
        for seat in REQUIRED_SEATS
        if not any(seat.filled_by(member) for member in members)
    ]


def empty_seats(group: LeadershipGroup | None, pairing: Pairing) -> list[dict[str, str]]:
    """Return the seats nobody sits on, as values for the lines of the group's form."""
    members = group.current_members if group else []
    return [
        {"side": seat.side.value, "role": seat.role.value, "duty": seat.duty.value}
        for seat in REQUIRED_SEATS
        if not any(seat.filled_by(member) for member in members)
    ]


class MemberLike(Protocol):
    """A member of the group, or a line of its form."""

    @property
    def name(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def job_title(self) -> str: ...
    @property
    def role(self) -> GroupRole: ...
    @property
    def duty(self) -> Duty: ...


def described_members(members: Iterable[MemberLike], pairing: Pairing) -> list[tuple[str, str]]:
    """Return the members in words, to lay two versions of a group side by side."""
    return [
        (
            member.role.label,
            "，".join(
                part
                for part in (
                    member.name,
                    pairing.organisation_on(member.side).short_name,
                    member.job_title,
                    member.duty.label,
                )
                if part
            ),
        )
        for member in members
    ]
