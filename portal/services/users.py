"""Issuing accounts and keeping them: name, role, organisation, disabling, new passwords."""

import zlib
from dataclasses import dataclass

import sqlalchemy as sa

from portal import clock, passwords
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import Organisation, Role, User
from portal.policies import accounts as policy
from portal.policies.account_lines import USERNAME, USERNAME_RULE
from portal.policies.decision import require
from portal.services.accounts import is_locked
from portal.services.invitations import Sent, invite, revoke_all
from portal.services.sessions import end_sessions
from portal.workflow import record


@dataclass(frozen=True)
class UserEntry:
    """What an account's form holds."""

    name: str
    position: str
    role: Role
    organisation: Organisation | None


@dataclass(frozen=True)
class Issued:
    """An account with the initial password, which exists in clear only here."""

    user: User
    password: str


def issue_account(username: str, entry: UserEntry, *, actor: User) -> Issued:
    """Add an account whose owner must set a password of their own at the first log-in.

    Raises Forbidden for a role the actor does not keep, Rejected for a user name that is
    taken or malformed, or an organisation that does not suit the role.
    """
    password = passwords.initial_password()
    user = issue_with_hash(username, entry, passwords.hash_password(password), actor=actor)
    return Issued(user, password)


def issue_with_hash(username: str, entry: UserEntry, password_hash: str, *, actor: User) -> User:
    """Add an account whose password is known, or known to nobody, by whoever made the hash.

    Raises as :func:`issue_account` does.
    """
    require(policy.can_issue(actor, entry.role))
    user = _add(username, entry, password_hash)
    record(
        user,
        "user",
        action="issued",
        title="发放账号",
        actor=actor,
        details=[("用户名", user.username), *_facts(user)],
    )
    return user


def issue_by_link(username: str, entry: UserEntry, *, actor: User) -> Sent:
    """Add an account whose owner sets the first password by a link. Raises as above."""
    user = issue_with_hash(username, entry, passwords.nobodys_hash(), actor=actor)
    return invite(user, actor=actor)


def first_administrator(username: str, name: str, role: Role = Role.ADMINISTRATOR) -> Issued:
    """Add the first account of an administrative ``role`` (command line only).

    Raises StepRefused when there is an active one already: further accounts are issued by the
    security administrator.
    """
    present = sa.select(User.id).where(User.role == role, User.is_active).limit(1)
    if db.session.scalar(present) is not None:
        raise StepRefused(f"系统中已有可用的{role.label}账号，新账号由安全管理员发放。")
    password = passwords.initial_password()
    entry = UserEntry(name, role.label, role, None)
    user = _add(username, entry, passwords.hash_password(password))
    record(user, "user", action="issued", title=f"建立首个{role.label}账号", actor=None)
    return Issued(user, password)


def _add(username: str, entry: UserEntry, password_hash: str) -> User:
    """Add the account itself. Raises Rejected."""
    _check(username, entry)
    user = User(
        username=username,
        name=entry.name,
        position=entry.position,
        role=entry.role,
        organisation=entry.organisation,
        password_hash=password_hash,
        must_change_password=True,
        created_at=clock.now(),
    )
    db.session.add(user)
    db.session.flush()
    return user


def _check(username: str, entry: UserEntry) -> None:
    """Raise Rejected for what no account can be."""
    wrong: dict[str, str] = {}
    if not USERNAME.fullmatch(username):
        wrong["username"] = USERNAME_RULE
    elif db.session.scalar(sa.select(User.id).where(User.username == username)) is not None:
        wrong["username"] = "这个用户名已被使用，请换一个。"
    if not entry.name:
        wrong["name"] = "请填写姓名。"
    if mismatch := policy.organisation_mismatch(entry.role, entry.organisation):
        wrong["organisation"] = mismatch
    if wrong:
        raise Rejected(wrong)


def edition_of(user: User) -> int:
    """Return a number that changes with whatever the account's form shows.

    Accounts have no version column: every log-in would raise it and refuse a fair edit.
    """
    shown = (user.name, user.position, user.role.value, str(user.organisation_id))
    return zlib.crc32("\x1f".join(shown).encode())


def edit_account(user: User, entry: UserEntry, *, seen: int | None, actor: User) -> bool:
    """Change name and position, and for the security administrator role and organisation.

    Returns whether anything changed. ``seen`` is the edition the form was drawn from. Raises
    Forbidden, StaleEdit, or Rejected for an organisation that does not suit the role.
    """
    # Two keepers at once: the later one waits here, and is judged by what the first one saved.
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    require(policy.can_edit_user(actor, user))
    if seen is not None and seen != edition_of(user):
        raise StaleEdit()
    moved = (entry.role, entry.organisation) != (user.role, user.organisation)
    if moved:
        require(policy.can_take_role(actor, user, entry.role))
        if mismatch := policy.organisation_mismatch(entry.role, entry.organisation):
            raise Rejected({"organisation": mismatch})
    before = _facts(user)
    user.name, user.position = entry.name, entry.position
    user.role, user.organisation = entry.role, entry.organisation
    changes = [
        (label, f"{old or '无'} → {new or '无'}")
        for (label, old), (_, new) in zip(before, _facts(user), strict=True)
        if old != new
    ]
    if changes:
        db.session.flush()
        if moved:
            end_sessions(user, why="role")
        title = "调整账号角色或单位" if moved else "修改账号信息"
        record(user, "user", action="edited", title=title, actor=actor, details=changes)
    return bool(changes)


def _facts(user: User) -> list[tuple[str, str]]:
    """Return what is known of the account, in words."""
    return [
        ("姓名", user.name),
        ("职务", user.position),
        ("角色", user.role.label),
        ("单位", user.organisation_name),
    ]


def disable_account(user: User, *, reason: str, actor: User) -> None:
    """Close the account and end its sessions; nothing it did is touched.

    Raises Forbidden, StepRefused when it is closed already, Rejected without a reason.
    """
    require(policy.can_switch_off(actor, user))
    if not user.is_active:
        raise StepRefused("这个账号已经停用。")
    if not reason.strip():
        raise Rejected({"reason": "请填写停用的原因。"})
    user.is_active = False
    user.disabled_at = clock.now()
    user.disabled_reason = reason.strip()
    end_sessions(user, why="disabled")
    revoke_all(user)
    record(
        user,
        "user",
        action="disabled",
        title="停用账号",
        actor=actor,
        comment=reason.strip(),
        tone="warning",
    )


def enable_account(user: User, *, actor: User) -> None:
    """Open a disabled account again. Raises Forbidden, or StepRefused when it is open."""
    require(policy.can_switch_off(actor, user))
    if user.is_active:
        raise StepRefused("这个账号没有停用。")
    user.is_active = True
    user.disabled_at, user.disabled_reason = None, ""
    user.failed_logins = 0
    user.locked_until = None
    record(user, "user", action="enabled", title="启用账号", actor=actor, tone="success")


def unlock_account(user: User, *, actor: User) -> None:
    """Let the owner try again at once, with the password they have.

    Raises Forbidden, or StepRefused when the account is not locked.
    """
    require(policy.can_reset_password(actor, user))
    if not is_locked(user):
        raise StepRefused("这个账号现在没有锁定。")
    user.failed_logins = 0
    user.locked_until = None
    record(user, "user", action="unlocked", title="解除锁定", actor=actor, tone="success")


def reset_password(user: User, *, actor: User) -> Issued:
    """Give the account a new initial password, lift a lock and end its sessions.

    Raises Forbidden, or StepRefused for a disabled account.
    """
    require(policy.can_reset_password(actor, user))
    if not user.is_active:
        raise StepRefused("这个账号已停用，请先启用再重置密码。")
    revoke_all(user)
    password = passwords.initial_password()
    user.password_hash = passwords.hash_password(password)
    user.must_change_password = True
    user.failed_logins = 0
    user.locked_until = None
    end_sessions(user, why="password")
    record(user, "user", action="password_reset", title="重置密码", actor=actor, tone="warning")
    return Issued(user, password)
