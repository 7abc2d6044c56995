"""A whole little province: one programme, two pairings of different hospitals, every role."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from portal import clock
from portal.extensions import db
from portal.models import (
    BonusBand,
    Organisation,
    OrganisationKind,
    Pairing,
    Programme,
    Role,
    Scheme,
    User,
    VerificationPolicy,
)
from tests.factories.people import make_organisation, new_user


@dataclass
class Scene:
    """``pairing`` is the one under test; ``foreign`` belongs to other hospitals and city."""

    programme: Programme
    pairing: Pairing
    foreign: Pairing
    commission: User
    centre: User
    other_centre: User
    city: User
    supporting_coordinator: User
    supporting_leader: User
    supporting_contributor: User
    supported_coordinator: User
    supported_leader: User
    supported_contributor: User
    foreign_coordinator: User
    foreign_leader: User
    expert: User
    administrator: User
    security_administrator: User
    auditor: User

    @property
    def pairing_id(self) -> int:
        """The id of the pairing under test."""
        return self.pairing.id


PEOPLE = tuple(field.name for field in fields(Scene) if field.type in (User, "User"))
"""Everybody in a scene, by the name of the attribute."""

ONE_OF_EACH = tuple(name for name in PEOPLE if name != "other_centre")
"""One person of each role, on each side and outside: what a table of rights walks through."""


def make_programme(
    *,
    starts_on: date = date(2020, 5, 22),
    ends_on: date = date(2023, 5, 21),
    verification: VerificationPolicy = VerificationPolicy.ALL,
    scheme: Scheme | None = None,
    name: str = "测试帮扶周期",
) -> Programme:
    """Add a programme with the default bonus table."""
    programme = Programme(
        name=name,
        document="关于建立全科培训基地结对帮扶机制的通知",
        issued_on=date(2020, 4, 17),
        starts_on=starts_on,
        ends_on=ends_on,
        filing_deadline=date(2020, 5, 22),
        meeting_interval_months=3,
        verification=verification,
        sample_percent=20,
        bonus_enabled=True,
        scheme=scheme,
        created_at=clock.now(),
        bonus_bands=[
            BonusBand(min_score=Decimal("90"), points=Decimal("2")),
            BonusBand(min_score=Decimal("80"), points=Decimal("1")),
            BonusBand(min_score=Decimal("70"), points=Decimal("0.5")),
        ],
    )
    db.session.add(programme)
    db.session.flush()
    return programme


def make_pairing(
    programme: Programme,
    supporting: Organisation | None = None,
    supported: Organisation | None = None,
    *,
    sequence: int = 0,
) -> Pairing:
    """Add a pairing; hospitals not given are made up."""
    pairing = Pairing(
        programme=programme,
        sequence=sequence or len(programme.pairings) + 1,
        supporting=supporting or make_organisation(),
        supported=supported or make_organisation(),
        created_at=clock.now(),
    )
    db.session.add(pairing)
    db.session.flush()
    return pairing


def make_scene(**programme: object) -> Scene:
    """Build the whole scene; keyword arguments go to :func:`make_programme`."""
    round_ = make_programme(**programme)  # type: ignore[arg-type]
    supporting = make_organisation(city="海口市", name="海口帮扶医院")
    supported = make_organisation(city="文昌市", name="文昌受援医院")
    pairing = make_pairing(round_, supporting, supported)
    foreign = make_pairing(
        round_, make_organisation(city="三亚市"), make_organisation(city="三亚市")
    )
    commission = make_organisation(OrganisationKind.COMMISSION, city="", name="省卫健委")
    centre = make_organisation(OrganisationKind.CENTRE, city="", name="省中心")
    city = make_organisation(OrganisationKind.CITY_COMMISSION, city="文昌市", name="文昌市卫健委")
    scene = Scene(
        programme=round_,
        pairing=pairing,
        foreign=foreign,
        commission=new_user(Role.COMMISSION_OFFICER, commission),
        centre=new_user(Role.CENTRE_REVIEWER, centre),
        other_centre=new_user(Role.CENTRE_REVIEWER, centre),
        city=new_user(Role.CITY_OFFICER, city),
        supporting_coordinator=new_user(Role.BASE_COORDINATOR, supporting),
        supporting_leader=new_user(Role.BASE_LEADER, supporting),
        supporting_contributor=new_user(Role.CONTRIBUTOR, supporting),
        supported_coordinator=new_user(Role.BASE_COORDINATOR, supported),
        supported_leader=new_user(Role.BASE_LEADER, supported),
        supported_contributor=new_user(Role.CONTRIBUTOR, supported),
        foreign_coordinator=new_user(Role.BASE_COORDINATOR, foreign.supporting),
        foreign_leader=new_user(Role.BASE_LEADER, foreign.supported),
        expert=new_user(Role.EXPERT),
        administrator=new_user(Role.ADMINISTRATOR),
        security_administrator=new_user(Role.SECURITY_ADMINISTRATOR),
        auditor=new_user(Role.AUDITOR),
    )
    db.session.flush()
    return scene
