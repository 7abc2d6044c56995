"""What a viewer may see: the conditions that every read of the portal carries.

Nobody sees a pairing that is not theirs to see: lists, search, counts, exports, files and
guessed addresses alike (design/domain.md, "Who").
"""

import sqlalchemy as sa

from portal.models import (
    Assessment,
    ExpertAssignment,
    Organisation,
    Pairing,
    Role,
    Side,
    Task,
    User,
)

PROVINCIAL_ROLES = frozenset({Role.COMMISSION_OFFICER, Role.CENTRE_REVIEWER})


def sees_all_pairings(viewer: User) -> bool:
    """Whether the viewer works for the province: commission or centre."""
    return viewer.role in PROVINCIAL_ROLES


def has_pairings(viewer: User) -> bool:
    """Whether the viewer's role has to do with pairings at all.

    Experts see their assessments, administrators the accounts, auditors the record: the lists
    of pairings and tasks do not exist for them.
    """
    return sees_all_pairings(viewer) or viewer.role is Role.CITY_OFFICER or viewer.role.in_hospital


def visible_pairings(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Pairing under which ``viewer`` sees it.

    A contributor sees a pairing only through a task given to them; experts,
    administrators and auditors see none.
    """
    if sees_all_pairings(viewer):
        return sa.true()
    if viewer.organisation_id is None:
        return sa.false()
    if viewer.role is Role.CITY_OFFICER:
        city = viewer.organisation.city if viewer.organisation else ""
        in_city = sa.select(Organisation.id).where(
            Organisation.city == city, Organisation.city != ""
        )
        return sa.or_(Pairing.supporting_id.in_(in_city), Pairing.supported_id.in_(in_city))
    own = of_own_hospital(viewer)
    if viewer.role in (Role.BASE_COORDINATOR, Role.BASE_LEADER):
        return own
    if viewer.role is Role.CONTRIBUTOR:
        given = sa.select(Task.pairing_id).where(given_to(viewer))
        return sa.and_(own, Pairing.id.in_(given))
    return sa.false()


def of_own_hospital(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Pairing under which the viewer's present employer is in it."""
    if viewer.organisation_id is None:
        return sa.false()
    return sa.or_(
        Pairing.supporting_id == viewer.organisation_id,
        Pairing.supported_id == viewer.organisation_id,
    )


def given_to(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Task under which ``viewer`` is in charge of it."""
    return sa.or_(Task.supporting_owner_id == viewer.id, Task.supported_owner_id == viewer.id)


def visible_tasks(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Task under which ``viewer`` sees it."""
    if sees_all_pairings(viewer):
        return sa.true()
    in_scope = Task.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))
    if viewer.role is Role.CONTRIBUTOR:
        return sa.and_(in_scope, given_to(viewer))
    return in_scope


def visible_assessments(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Assessment under which ``viewer`` sees it."""
    if sees_all_pairings(viewer):
        return sa.true()
    if viewer.role is Role.EXPERT:
        return judged_by(viewer)
    if viewer.role is Role.CONTRIBUTOR:
        return sa.false()
    return Assessment.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))


def judged_by(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on Assessment under which ``viewer`` is one of its experts.

    Whoever has since been employed by one of the two hospitals is none any more.
    """
    assigned = sa.select(ExpertAssignment.assessment_id).where(
        ExpertAssignment.user_id == viewer.id
    )
    own = sa.select(Pairing.id).where(of_own_hospital(viewer))
    return sa.and_(Assessment.id.in_(assigned), Assessment.pairing_id.not_in(own))


def side_of(viewer: User, pairing: Pairing) -> Side | None:
    """Return the viewer's side in ``pairing``, or None for everyone outside it."""
    if not viewer.role.in_hospital or viewer.organisation_id is None:
        return None
    if viewer.organisation_id == pairing.supporting_id:
        return Side.SUPPORTING
    if viewer.organisation_id == pairing.supported_id:
        return Side.SUPPORTED
    return None
