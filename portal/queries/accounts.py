"""Accounts and organisations as the administration's pages show them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal.errors import NotVisible
from portal.extensions import db
from portal.models import Organisation, OrganisationKind, Role, User
from portal.policies.accounts import keeps_accounts, keeps_organisations, visible_users
from portal.queries.paging import Page, page_of


@dataclass(frozen=True)
class UserFilter:
    """What the list of accounts is narrowed to; empty values do not narrow."""

    role: Role | None = None
    organisation_id: int | None = None
    text: str = ""
    active: bool | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on User."""
        found: list[sa.ColumnElement[bool]] = []
        if self.role is not None:
            found.append(User.role == self.role)
        if self.organisation_id is not None:
            found.append(User.organisation_id == self.organisation_id)
        if self.active is not None:
            found.append(User.is_active.is_(self.active))
        if self.text:
            found.append(
                sa.or_(
                    User.name.contains(self.text, autoescape=True),
                    User.username.contains(self.text.lower(), autoescape=True),
                )
            )
        return found


def demand_keeper(viewer: User) -> None:
    """Raise NotVisible for everyone who keeps no accounts: the pages do not exist for them."""
    if not keeps_accounts(viewer):
        raise NotVisible()


def demand_organisation_keeper(viewer: User) -> None:
    """Raise NotVisible for everyone who keeps no organisations."""
    if not keeps_organisations(viewer):
        raise NotVisible()


def users_page(
    chosen: UserFilter, *, viewer: User, before: str | None, after: str | None, size: int = 50
) -> Page[User]:
    """Return one page of the accounts ``viewer`` keeps, by user name. Raises NotVisible."""
    demand_keeper(viewer)
    statement = sa.select(User).where(visible_users(viewer), *chosen.conditions())
    return page_of(
        statement,
        User.username,
        before=before,
        after=after,
        size=size,
        key=lambda user: user.username,
    )


def get_user(user_id: int, *, viewer: User) -> User:
    """Return an account that ``viewer`` keeps. Raises NotVisible for any other."""
    user = db.session.scalar(sa.select(User).where(User.id == user_id, visible_users(viewer)))
    if user is None:
        raise NotVisible()
    return user


def organisations(
    *, viewer: User, kinds: list[OrganisationKind] | None = None
) -> list[Organisation]:
    """Return the organisations, province first, then by city and name. Raises NotVisible.

    Their bases are loaded; ``kinds`` narrows to those. Whoever issues accounts needs them too.
    """
    if not keeps_accounts(viewer):
        demand_organisation_keeper(viewer)
    rank = sa.case(
        {kind: place for place, kind in enumerate(OrganisationKind)}, value=Organisation.kind
    )
    statement = sa.select(Organisation).options(selectinload(Organisation.bases))
    if kinds is not None:
        statement = statement.where(Organisation.kind.in_(kinds))
    return list(db.session.scalars(statement.order_by(rank, Organisation.city, Organisation.name)))


def get_organisation(organisation_id: int, *, viewer: User) -> Organisation:
    """Return an organisation for those who keep them. Raises NotVisible."""
    demand_organisation_keeper(viewer)
    organisation = db.session.get(
        Organisation, organisation_id, options=[selectinload(Organisation.bases)]
    )
    if organisation is None:
        raise NotVisible()
    return organisation


def accounts_by_organisation() -> dict[int, int]:
    """Return how many active accounts each organisation has."""
    rows = db.session.execute(
        sa.select(User.organisation_id, sa.func.count())
        .where(User.is_active)
        .group_by(User.organisation_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}
