"""What the pages need to know of second factors."""

import sqlalchemy as sa

from portal.extensions import db
from portal.models import RecoveryCode, Role, Setting, User
from portal.policies.second_factor import SETTING


def demanded_roles() -> set[Role]:
    """Return the roles of which the second factor is demanded."""
    value = db.session.scalar(sa.select(Setting.value).where(Setting.name == SETTING)) or []
    return {role for role in Role if role.value in value}


def unused_codes(user: User) -> int:
    """Return how many recovery codes ``user`` has left."""
    found = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    )
    return found or 0


def accounts_without(roles: set[Role]) -> dict[Role, int]:
    """Return how many active accounts of each of ``roles`` have no second factor yet."""
    rows = db.session.execute(
        sa.select(User.role, sa.func.count())
        .where(User.is_active, User.totp_since.is_(None), User.role.in_(roles))
        .group_by(User.role)
    )
    return {row[0]: row[1] for row in rows}
