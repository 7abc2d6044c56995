"""The composition that the notice asks for, seat by seat (H-30)."""

import pytest

from portal.models import (
    Duty,
    GroupMember,
    GroupRole,
    LeadershipGroup,
    Organisation,
    OrganisationKind,
    Pairing,
    Side,
)
from portal.policies.groups import (
    REQUIRED_SEATS,
    composition_gaps,
    described_members,
    empty_seats,
    seat_label,
)
from tests.factories.groups import full_entries


def hospital(name):
    return Organisation(name=f"{name}人民医院", short_name=name, kind=OrganisationKind.HOSPITAL)


PAIRING = Pairing(supporting=hospital("海口"), supported=hospital("文昌"))


def group_of(entries):
    members = [
        GroupMember(name=e.name, side=e.side, role=e.role, duty=e.duty, job_title=e.job_title)
        for e in entries
    ]
    return LeadershipGroup(members=members)


def test_complete_group_has_no_gap():
    group = group_of(full_entries())
    assert composition_gaps(group, PAIRING) == []
    assert empty_seats(group, PAIRING) == []


def test_no_group_lacks_every_seat_by_name():
    assert composition_gaps(None, PAIRING) == [
        "缺少组长：海口培训基地负责人",
        "缺少副组长：文昌分管领导",
        "缺少成员：海口培训职能部门负责人",
        "缺少成员：文昌培训职能部门负责人",
        "缺少成员：海口全科专业基地负责人",
        "缺少成员：文昌全科专业基地负责人",
    ]
    assert len(empty_seats(None, PAIRING)) == 6


@pytest.mark.parametrize("missing", range(len(REQUIRED_SEATS)))
def test_each_empty_seat_is_named_alone(missing):
    entries = [entry for number, entry in enumerate(full_entries()) if number != missing]
    seat = REQUIRED_SEATS[missing]
    assert composition_gaps(group_of(entries), PAIRING) == [f"缺少{seat_label(seat, PAIRING)}"]
    assert empty_seats(group_of(entries), PAIRING) == [
        {"side": seat.side.value, "role": seat.role.value, "duty": seat.duty.value}
    ]


@pytest.mark.parametrize(
    ("side", "duty", "role"),
    [
        (Side.SUPPORTED, Duty.BASE_HEAD, GroupRole.LEADER),
        (Side.SUPPORTING, Duty.EXECUTIVE, GroupRole.LEADER),
        (Side.SUPPORTING, Duty.BASE_HEAD, GroupRole.DEPUTY),
    ],
)
def test_somebody_on_the_wrong_side_or_in_the_wrong_role_fills_no_seat(side, duty, role):
    member = GroupMember(name="甲", side=side, duty=duty, role=role)
    assert len(composition_gaps(LeadershipGroup(members=[member]), PAIRING)) == 6


def test_members_are_described_in_words():
    entry = full_entries()[0]
    assert described_members([entry], PAIRING) == [
        ("组长", "林一川，海口，培训基地负责人，培训基地负责人")
    ]
