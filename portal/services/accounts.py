"""Logging in and out, and changing one's own password."""

from datetime import timedelta

import sqlalchemy as sa

from portal import clock, passwords
from portal.errors import Rejected
from portal.extensions import db
from portal.models import User
from portal.workflow import record

FAILURES_BEFORE_LOCK = 5
LOCK_MINUTES = 15

# One sentence for an unknown name, a wrong password, a locked and a disabled account: whoever
# guesses learns nothing from it, and whoever forgot learns what to do.
WRONG = (
    f"用户名或密码不正确。连续输错 {FAILURES_BEFORE_LOCK} 次，账号将锁定 {LOCK_MINUTES} 分钟；"
    "账号已停用的也不能登录。"
)


def log_in(username: str, password: str) -> User:
    """Return the account that ``username`` and ``password`` belong to.

    Five failures lock the account for a quarter of an hour, counted in the database so
    that every worker knows. Raises Rejected; the count must be committed all the same.
    Every refusal costs one password hash, whatever its cause.
    """
    user = db.session.scalar(
        sa.select(User).where(User.username == username.strip().lower()).with_for_update(of=User)
    )
    if user is None or is_locked(user):
        passwords.spend_time(password)
        raise Rejected({"password": WRONG})
    if not passwords.verify_password(user.password_hash, password) or not user.is_active:
        _count_failure(user, action="log_in_failed", title="登录失败")
        raise Rejected({"password": WRONG})
    user.failed_logins = 0
    user.locked_until = None
    user.last_login_at = clock.now()
    record(user, "user", action="log_in", title="登录", actor=user)
    return user


def is_locked(user: User) -> bool:
    """Whether failed log-ins keep the account closed now."""
    return user.locked_until is not None and user.locked_until > clock.now()


def log_out(user: User) -> None:
    """Record that ``user`` left; the session itself is the web layer's."""
    record(user, "user", action="log_out", title="退出登录", actor=user)


def _count_failure(user: User, *, action: str, title: str) -> None:
    """Count a wrong password, and lock the account at the fifth."""
    user.failed_logins += 1
    record(user, "user", action=action, title=title, actor=None, tone="warning")
    if user.failed_logins >= FAILURES_BEFORE_LOCK:
        user.locked_until = clock.now() + timedelta(minutes=LOCK_MINUTES)
        user.failed_logins = 0
        # Somebody who guesses the old password in a stolen session is put out as well.
        user.session_version += 1
        record(user, "user", action="locked", title="账号已锁定", actor=None, tone="danger")


def change_password(user: User, *, current: str, new: str) -> None:
    """Set a new password; all other sessions of the account end.

    Raises Rejected. A wrong current password counts like a failed log-in, so the refusal
    must be committed too. The account's row is held, as at the log-in: guesses sent at once
    are counted one after the other.
    """
    db.session.refresh(user, with_for_update={"of": User})
    if not passwords.verify_password(user.password_hash, current):
        _count_failure(user, action="password_refused", title="修改密码时当前密码错误")
        raise Rejected({"current": "当前密码不正确。"})
    if passwords.verify_password(user.password_hash, new):
        raise Rejected({"new": "新密码不能与当前密码相同。"})
    if found := passwords.weaknesses(new, user.username):
        raise Rejected({"new": "".join(found)})
    user.password_hash = passwords.hash_password(new)
    user.must_change_password = False
    user.failed_logins = 0
    user.session_version += 1
    record(user, "user", action="password_changed", title="修改密码", actor=user)
