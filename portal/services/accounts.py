"""Logging in and out, and changing one's own password."""

from datetime import timedelta

import sqlalchemy as sa

from portal import clock, passwords
from portal.errors import Rejected
from portal.extensions import db
from portal.models import User, UserSession
from portal.services.parked_forms import remove_expired
from portal.services.sessions import Visit, begin_session, end_session, end_sessions
from portal.workflow import record

FAILURES_BEFORE_LOCK = 5
LOCK_MINUTES = 15

# One sentence for an unknown name, a wrong password, a locked and a disabled account: whoever
# guesses learns nothing from it, and whoever forgot learns what to do.
WRONG = (
    f"用户名或密码不正确。连续输错 {FAILURES_BEFORE_LOCK} 次，账号将锁定 {LOCK_MINUTES} 分钟；"
    "账号已停用的也不能登录。"
)


def check_password(username: str, password: str) -> User:
    """Return the account that ``username`` and ``password`` belong to. Nobody is in yet.

    Five failures lock the account for a quarter of an hour, counted in the database so
    that every worker knows. Raises Rejected; the count must be committed all the same.
    Every refusal costs one password hash, whatever its cause.
    """
    user = db.session.scalar(
        sa.select(User)
        .where(User.username == username.strip().lower())
        .with_for_update(of=User, key_share=True)
    )
    if user is None or is_locked(user):
        passwords.spend_time(password)
        raise Rejected({"password": WRONG})
    if not passwords.verify_password(user.password_hash, password) or not user.is_active:
        count_failure(user, action="log_in_failed", title="登录失败")
        raise Rejected({"password": WRONG})
    return user


def log_in(user: User, *, visit: Visit, way: str = "password") -> str:
    """Let in ``user``, whose every factor was checked, and return the new session's secret.

    Failures are forgotten only here: a right password does not wash off wrong codes. What was
    parked by anybody and not fetched in time is cleared away.
    """
    user.failed_logins = 0
    user.locked_until = None
    user.last_login_at = clock.now()
    remove_expired()
    details = [] if way == "password" else [("登录方式", way)]
    record(user, "user", action="log_in", title="登录", actor=user, details=details)
    return begin_session(user, visit=visit, way=way)


def is_locked(user: User) -> bool:
    """Whether failed log-ins keep the account closed now."""
    return user.locked_until is not None and user.locked_until > clock.now()


def log_out(user: User, session: UserSession | None) -> None:
    """End ``session``, in which ``user`` leaves."""
    if session is not None:
        end_session(session, why="log_out")
    record(user, "user", action="log_out", title="退出登录", actor=user)


def count_failure(user: User, *, action: str, title: str, inside: bool = False) -> None:
    """Count a wrong password or code, and lock the account at the fifth.

    ``inside`` a session it may be a stolen one, and so all of them end; whoever guesses at the
    log-in page puts out nobody at work.
    """
    user.failed_logins += 1
    record(user, "user", action=action, title=title, actor=None, tone="warning")
    if user.failed_logins >= FAILURES_BEFORE_LOCK:
        user.locked_until = clock.now() + timedelta(minutes=LOCK_MINUTES)
        user.failed_logins = 0
        if inside:
            end_sessions(user, why="locked")
        record(user, "user", action="locked", title="账号已锁定", actor=None, tone="danger")
    db.session.flush()


def change_password(user: User, *, current: str, new: str) -> None:
    """Set a new password; every session of the account ends, and the caller begins a new one.

    Raises Rejected. A wrong current password counts like a failed log-in, so the refusal
    must be committed too. The account's row is held, as at the log-in: guesses sent at once
    are counted one after the other.
    """
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if not passwords.verify_password(user.password_hash, current):
        title = "修改密码时当前密码错误"
        count_failure(user, action="password_refused", title=title, inside=True)
        raise Rejected({"current": "当前密码不正确。"})
    if passwords.verify_password(user.password_hash, new):
        raise Rejected({"new": "新密码不能与当前密码相同。"})
    set_password(user, new)
    record(user, "user", action="password_changed", title="修改密码", actor=user)


def check_owner(user: User, password: str) -> None:
    """Ask the password of ``user``, who is in, once more. Raises Rejected; the count is kept."""
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if not passwords.verify_password(user.password_hash, password):
        title = "核对身份时当前密码错误"
        count_failure(user, action="password_refused", title=title, inside=True)
        raise Rejected({"password": "当前密码不正确。"})


def set_password(user: User, new: str) -> None:
    """Give ``user`` the password ``new`` of their own choice and end the account's sessions.

    The caller has made sure that it is the owner who asks. Raises Rejected for ``new``.
    """
    if found := passwords.weaknesses(new, words_about(user)):
        raise Rejected({"new": "".join(found)})
    user.password_hash = passwords.hash_password(new)
    user.password_changed_at = clock.now()
    start_afresh(user)


def start_afresh(user: User) -> None:
    """Let ``user``, who has just shown to be the owner, begin again: no lock, no session."""
    user.must_change_password = False
    user.failed_logins = 0
    user.locked_until = None
    end_sessions(user, why="password")


def words_about(user: User) -> list[str]:
    """Return what everybody knows of ``user``, and what no password may be made of."""
    organisation = user.organisation
    names = [organisation.name, organisation.short_name] if organisation else []
    return [user.username, user.name, *names]
