"""Logging in and out, passwords, and the accounts themselves."""

from datetime import timedelta

import sqlalchemy as sa

from portal import clock, passwords
from portal.errors import Rejected
from portal.extensions import db
from portal.models import User
from portal.workflow import record

FAILURES_BEFORE_LOCK = 5
LOCK_MINUTES = 15

WRONG = "用户名或密码不正确。"


def log_in(username: str, password: str) -> User:
    """Return the account that ``username`` and ``password`` belong to.

    Five failures lock the account for a quarter of an hour, counted in the database so
    that every worker knows. Raises Rejected; the count must be committed all the same.
    """
    user = db.session.scalar(
        sa.select(User).where(User.username == username.strip().lower()).with_for_update(of=User)
    )
    if user is None:
        passwords.spend_time(password)
        raise Rejected({"password": WRONG})
    if user.locked_until and user.locked_until > clock.now():
        minutes = int((user.locked_until - clock.now()).total_seconds() // 60) + 1
        raise Rejected({"password": f"连续输错次数过多，账号已锁定，请 {minutes} 分钟后再试。"})
    if not passwords.verify_password(user.password_hash, password) or not user.is_active:
        _count_failure(user)
        raise Rejected({"password": WRONG})
    user.failed_logins = 0
    user.locked_until = None
    user.last_login_at = clock.now()
    record(user, "user", action="log_in", title="登录", actor=user)
    return user


def _count_failure(user: User) -> None:
    """Count a failed log-in, and lock the account at the fifth."""
    user.failed_logins += 1
    record(user, "user", action="log_in_failed", title="登录失败", actor=None, tone="warning")
    if user.failed_logins >= FAILURES_BEFORE_LOCK:
        user.locked_until = clock.now() + timedelta(minutes=LOCK_MINUTES)
        user.failed_logins = 0
        record(user, "user", action="locked", title="账号已锁定", actor=None, tone="danger")


def change_password(user: User, *, current: str, new: str) -> None:
    """Set a new password; all other sessions of the account end. Raises Rejected."""
    if not passwords.verify_password(user.password_hash, current):
        raise Rejected({"current": "当前密码不正确。"})
    if passwords.verify_password(user.password_hash, new):
        raise Rejected({"new": "新密码不能与当前密码相同。"})
    if found := passwords.weaknesses(new, user.username):
        raise Rejected({"new": "".join(found)})
    user.password_hash = passwords.hash_password(new)
    user.must_change_password = False
    user.session_version += 1
    record(user, "user", action="password_changed", title="修改密码", actor=user)
