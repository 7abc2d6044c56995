"""Who may take everything of a hospital away in one piece."""

import sqlalchemy as sa

from portal.models import Organisation, OrganisationKind, Role, User
from portal.policies.scope import sees_all_pairings

OWN = frozenset({Role.BASE_COORDINATOR, Role.BASE_LEADER})


def packable_bases(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Organisation under which ``viewer`` packs the whole base.

    The province any hospital, a city officer those of the city, coordinators and leaders
    their own. A partner sees the pairing they share, but not the other pairings of a base.
    """
    hospital = Organisation.kind == OrganisationKind.HOSPITAL
    if sees_all_pairings(viewer):
        return hospital
    if viewer.role is Role.CITY_OFFICER and viewer.organisation is not None:
        city = viewer.organisation.city
        return sa.and_(hospital, Organisation.city == city, Organisation.city != "")
    if viewer.role in OWN:
        return sa.and_(hospital, Organisation.id == viewer.organisation_id)
    return sa.false()


def is_offered_pack(viewer: User, organisation_id: int | None) -> bool:
    """Whether the library offers the pack of this hospital; judged without asking the database."""
    if organisation_id is None:
        return False
    own = viewer.role in OWN and viewer.organisation_id == organisation_id
    return own or sees_all_pairings(viewer)


def packs_what_fell(viewer: User) -> bool:
    """Whether withdrawn and rejected pieces are packed too: the province checks them."""
    return sees_all_pairings(viewer)
