"""Invitations, identities and hand-overs."""

from datetime import timedelta

from portal import clock, passwords, tokens
from portal.extensions import db
from portal.models import Handover, Invitation, Organisation, Role, User, UserIdentity
from portal.policies.invitations import LIFETIME
from tests.factories.people import make_organisation, make_user


def make_invited_user(
    role: Role = Role.CONTRIBUTOR, organisation: Organisation | None = None, *, name: str = ""
) -> User:
    """A new account that has no password yet."""
    home = organisation or (make_organisation() if role.in_hospital else None)
    user = make_user(role, home, name=name)
    user.must_change_password = True
    user.password_hash = passwords.nobodys_hash()
    db.session.flush()
    return user


def make_invitation(user: User, by: User | None = None, *, days_ago: int = 0) -> str:
    """Send a link to ``user`` and return its secret."""
    secret = tokens.new_secret()
    sent_at = clock.now() - timedelta(days=days_ago)
    db.session.add(
        Invitation(
            token_hash=tokens.fingerprint(secret),
            user=user,
            created_by=by or user,
            created_at=sent_at,
            expires_at=sent_at + LIFETIME,
        )
    )
    db.session.flush()
    return secret


def make_handover(giver: User, receiver: User, by: User | None = None) -> Handover:
    """A hand-over of one task, made today; its list is as short as a list can be."""
    people = {
        key: {
            "name": user.name,
            "position": user.position,
            "role": user.role.label,
            "organisation": user.organisation_name,
        }
        for key, user in (("from", giver), ("to", receiver), ("by", by or giver))
    }
    line = {
        "key": "task-1-supported",
        "kind": "受援方责任人",
        "number": "T01",
        "title": "建立全科门诊",
        "where": "帮扶 → 受援",
        "state": "进行中",
        "due_on": "2021-06-30",
        "light": "green",
        "moved": True,
        "note": "",
    }
    handover = Handover(
        from_user=giver,
        to_user=receiver,
        made_by=by or giver,
        made_at=clock.now(),
        reason="调离科教科",
        organisation_id=giver.organisation_id,
        people=people,
        items=[line],
    )
    db.session.add(handover)
    db.session.flush()
    return handover


def make_identity(user: User, provider: str = "yiyuan", subject: str = "") -> UserIdentity:
    """Link ``user`` with a log-in service."""
    identity = UserIdentity(
        provider=provider,
        subject=subject or f"subject-{user.id}",
        user=user,
        linked_at=clock.now(),
    )
    db.session.add(identity)
    db.session.flush()
    return identity
