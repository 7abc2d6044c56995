"""Linking accounts with a hospital's log-in service, and coming in by it."""

from portal import clock
from portal.errors import Forbidden, StepRefused
from portal.extensions import db
from portal.models import Invitation, User, UserIdentity, UserSession
from portal.policies.decision import require
from portal.policies.identities import can_unlink, can_use
from portal.queries.identities import identities_of, identity_at
from portal.queries.invitations import open_invitation_by_id
from portal.services import invitations
from portal.services.accounts import start_afresh
from portal.services.sessions import end_sessions
from portal.sso import Provider
from portal.workflow import record

LONGEST_SUBJECT = 255
"""As OpenID Connect Core §2 has it."""


class NotLinked(Forbidden):
    """The service knows the person; the portal has no account that it opens.

    One sentence for an unknown, a disabled and a moved account: it tells nothing to guessers.
    """

    def __init__(self, provider: Provider) -> None:
        super().__init__(f"您在{provider.label}的身份还没有关联可用的门户账号。")


def come_in(provider: Provider, subject: str) -> User:
    """Return the account that the identity opens. Raises NotLinked.

    A lock after wrong passwords does not matter here: no password was guessed.
    """
    identity = identity_at(provider.slug, subject)
    if identity is None:
        raise NotLinked(provider)
    user = identity.user
    if not user.is_active or not can_use(user, provider):
        title = f"{provider.label}登录被拒绝"
        record(user, "user", action="log_in_failed", title=title, actor=None, tone="warning")
        raise NotLinked(provider)
    return user


def link(
    user: User,
    provider: Provider,
    subject: str,
    *,
    actor: User,
    here: UserSession | None = None,
) -> UserIdentity:
    """Let the service open the account of ``user``, who asked for it.

    Every session of the account ends but the one ``here``: another way in was added.
    Raises Forbidden for an account of another hospital, StepRefused where either side is
    linked already.
    """
    if actor.id != user.id:
        raise Forbidden("只能关联自己的账号。")
    require(can_use(user, provider))
    present = identity_at(provider.slug, subject)
    if present is not None:
        mine = present.user_id == user.id
        raise StepRefused(
            f"您的账号已经关联{provider.label}。"
            if mine
            else f"这个{provider.label}身份已关联其他账号，请先在那个账号中解除关联。"
        )
    if any(one.provider == provider.slug for one in identities_of(user)):
        raise StepRefused(f"您的账号已关联{provider.label}的另一个身份，请先解除关联。")
    end_sessions(user, why="identity", but=here)
    return _add(user, provider, subject, title=f"关联{provider.label}")


def accept(invitation_id: int, provider: Provider, subject: str) -> User:
    """Come in for the first time by the service instead of a password; return the account.

    Raises NotVisible or Gone for the link, Forbidden or StepRefused as :func:`link` does.
    """
    invitation: Invitation = invitations.hold(open_invitation_by_id(invitation_id))
    user = invitation.user
    link(user, provider, subject, actor=user)
    start_afresh(user)
    invitations.use(invitation, title=f"通过邀请链接启用账号（{provider.label}）")
    return user


def _add(user: User, provider: Provider, subject: str, *, title: str) -> UserIdentity:
    """Add the row and its event; what the service calls the person stays out of the history."""
    identity = UserIdentity(
        provider=provider.slug, subject=subject, user=user, linked_at=clock.now()
    )
    db.session.add(identity)
    db.session.flush()
    record(user, "user", action="identity_linked", title=title, actor=user)
    return identity


def unlink(identity: UserIdentity, label: str, *, actor: User) -> None:
    """Part the account from the service called ``label``. Raises Forbidden."""
    require(can_unlink(actor, identity))
    title = f"解除关联{label}"
    record(identity.user, "user", action="identity_unlinked", title=title, actor=actor)
    db.session.delete(identity)
    db.session.flush()
