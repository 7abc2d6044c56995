"""Links by which the owners of new accounts set their first password."""

from dataclasses import dataclass

import sqlalchemy as sa

from portal import clock, tokens
from portal.extensions import db
from portal.models import Invitation, User
from portal.policies.decision import require
from portal.policies.invitations import LIFETIME, can_invite
from portal.queries.invitations import open_invitation, open_invitation_by_id
from portal.services.accounts import set_password
from portal.workflow import record


@dataclass(frozen=True)
class Sent:
    """A new link; its secret exists in clear only here."""

    invitation: Invitation
    secret: str

    @property
    def user(self) -> User:
        """The account that the link is for."""
        return self.invitation.user


def invite(user: User, *, actor: User) -> Sent:
    """Make a link for ``user``, good for seven days and once; older ones stop working.

    Raises Forbidden.
    """
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    require(can_invite(actor, user))
    revoke_all(user)
    secret = tokens.new_secret()
    now = clock.now()
    invitation = Invitation(
        token_hash=tokens.fingerprint(secret),
        user=user,
        created_by=actor,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(invitation)
    record(user, "user", action="invited", title="生成邀请链接", actor=actor)
    db.session.flush()
    return Sent(invitation, secret)


def withdraw(user: User, *, actor: User) -> bool:
    """Make the links sent for ``user`` useless; return whether one was still open.

    Raises Forbidden.
    """
    require(can_invite(actor, user))
    withdrawn = revoke_all(user) > 0
    if withdrawn:
        record(user, "user", action="invitation_revoked", title="作废邀请链接", actor=actor)
    return withdrawn


def revoke_all(user: User) -> int:
    """Close every open link of ``user``; return how many there were."""
    open_ones = db.session.scalars(
        sa.select(Invitation).where(
            Invitation.user_id == user.id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
    ).all()
    for invitation in open_ones:
        invitation.revoked_at = clock.now()
    return len(open_ones)


def accept(secret: str, *, password: str) -> User:
    """Set the first password of the account that the link is for; return the account.

    Raises NotVisible, Gone, or Rejected for a password that will not do. Of two who use the
    link at once the later one finds it used: the account's row is held.
    """
    invitation = hold(open_invitation(secret))
    user = invitation.user
    set_password(user, password)
    use(invitation, title="通过邀请链接设置密码")
    return user


def hold(invitation: Invitation) -> Invitation:
    """Hold the account's row and judge the link anew. Raises NotVisible or Gone."""
    db.session.refresh(invitation.user, with_for_update={"of": User, "key_share": True})
    db.session.refresh(invitation)
    return open_invitation_by_id(invitation.id)


def use(invitation: Invitation, *, title: str) -> None:
    """Close the link as used: its owner has come in (services/accounts.py, start_afresh)."""
    user = invitation.user
    invitation.used_at = clock.now()
    record(user, "user", action="invitation_used", title=title, actor=user, tone="success")
    db.session.flush()
