"""The second factor: codes of an authenticator app (RFC 6238), and ten codes on paper.

A time step is accepted once, by the row of the account; wrong codes count like wrong
passwords. Telephones know the real time only, so a shifted demonstration clock is left out.
"""

import hmac
import re
import secrets
from collections.abc import Collection

import sqlalchemy as sa

from portal import clock, sealing
from portal.errors import Rejected, StepRefused
from portal.extensions import db
from portal.models import RecoveryCode, Role, Setting, User, UserSession
from portal.policies import second_factor as policy
from portal.policies.decision import require
from portal.queries.second_factor import demanded_roles
from portal.services.accounts import count_failure, is_locked
from portal.services.sessions import end_sessions
from portal.workflow import record

ISSUER = "全科培训结对帮扶"
STEP_SECONDS = 30
STEPS_ASIDE = 1
CODES = 10
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"

WRONG = (
    "验证码不正确，或者已经用过。每个验证码只能用一次，请等手机上换出新的再输；"
    "手机时间不准时，请先打开手机的自动对时。"
)


def begin(user: User) -> None:
    """Draw a new key for ``user``; it counts from the first code on (see confirm).

    Raises StepRefused while the second factor is on.
    """
    import pyotp

    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if user.totp_since is not None:
        raise StepRefused("两步验证已经开启。要换手机，请先关闭，再重新开启。")
    user.totp_secret, user.totp_last_step = sealing.seal(pyotp.random_base32()), None
    db.session.flush()


def key_of(user: User) -> str | None:
    """Return the key of ``user`` in clear, for the app to take over."""
    return sealing.unseal(user.totp_secret) if user.totp_secret else None


def address_of(user: User, key: str) -> str:
    """Return the otpauth address that an authenticator app reads from the QR code."""
    import pyotp

    return pyotp.TOTP(key).provisioning_uri(name=user.username, issuer_name=ISSUER)


def confirm(user: User, code: str, *, here: UserSession | None = None) -> list[str]:
    """Turn the second factor on with a first ``code``; return the recovery codes, this once.

    Every session but the one ``here`` ends: they came in without it.
    Raises StepRefused without a key or when it is on already, Rejected for a wrong code: that
    counts no failure, because the key is before everybody's eyes on this page.
    """
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if user.totp_since is not None or user.totp_secret is None:
        raise StepRefused("请先取得密钥，再输入手机上的验证码。")
    if not _takes_step(user, _plain(code)):
        raise Rejected({"code": WRONG})
    user.totp_since = clock.now()
    end_sessions(user, why="second_factor", but=here)
    record(user, "user", action="second_factor_on", title="开启两步验证", actor=user)
    return _new_codes(user)


def check(user: User, code: str, *, inside: bool) -> None:
    """Accept a code of the app or from paper, once. The account's row is held.

    Raises Rejected; the failure must be committed all the same. ``inside`` a session the fifth
    failure ends them all.
    """
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if is_locked(user) or not user.is_active or user.totp_since is None:
        raise Rejected({"code": WRONG})
    plain = _plain(code)
    if _takes_step(user, plain):
        return
    if _takes_paper(user, plain):
        title = "使用恢复码通过两步验证"
        record(user, "user", action="recovery_code", title=title, actor=user, tone="warning")
        return
    count_failure(user, action="code_refused", title="两步验证码错误", inside=inside)
    raise Rejected({"code": WRONG})


def renew_codes(user: User, code: str) -> list[str]:
    """Put ten new recovery codes in the place of the old ones. Raises Rejected."""
    check(user, code, inside=True)
    record(user, "user", action="recovery_codes", title="重新生成恢复码", actor=user)
    return _new_codes(user)


def turn_off(user: User, code: str) -> None:
    """Turn the second factor off. Raises Forbidden where it is demanded, Rejected."""
    require(policy.can_turn_off(user, demanded_roles()))
    check(user, code, inside=True)
    _forget(user)
    record(
        user, "user", action="second_factor_off", title="关闭两步验证", actor=user, tone="warning"
    )


def reset(user: User, *, actor: User | None) -> None:
    """Take the second factor of somebody else off, who lost telephone and paper.

    Every session of the account ends; where the factor is demanded, a new one is set up at the
    next log-in. ``actor`` is None on the command line alone. Raises Forbidden, StepRefused
    when there is none.
    """
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if actor is not None:
        require(policy.can_reset(actor, user))
    if user.totp_since is None:
        raise StepRefused("这个账号没有开启两步验证。")
    _forget(user)
    end_sessions(user, why="keeper")
    record(
        user,
        "user",
        action="second_factor_reset",
        title="重置两步验证",
        actor=actor,
        tone="warning",
    )


def demand_of(roles: Collection[Role], *, actor: User) -> bool:
    """Demand the second factor of ``roles`` from their next request on; return whether it changed.

    Raises Forbidden.
    """
    require(policy.can_demand(actor))
    before = demanded_roles()
    if before == set(roles):
        return False
    wanted = [role.value for role in Role if role in roles]
    setting = db.session.get(Setting, policy.SETTING)
    if setting is None:
        setting = Setting(name=policy.SETTING)
        db.session.add(setting)
    setting.value, setting.changed_at, setting.changed_by_id = wanted, clock.now(), actor.id
    said = "、".join(role.label for role in Role if role in before) or "无"
    now = "、".join(role.label for role in Role if role in roles) or "无"
    record(
        actor,
        "user",
        action="second_factor_demanded",
        title="调整必须两步验证的角色",
        actor=actor,
        details=[("角色", f"{said} → {now}")],
    )
    return True


def _plain(code: str) -> str:
    """Return a code without the blanks and dashes that people type."""
    return re.sub(r"[\s-]", "", code).upper()


def _takes_step(user: User, code: str) -> bool:
    """Whether ``code`` belongs to a time step about now that was not used; use it up."""
    import pyotp

    key = key_of(user)
    if key is None or not re.fullmatch(r"[0-9]{6}", code):
        return False
    present = int(clock.machine().timestamp()) // STEP_SECONDS
    for step in range(present - STEPS_ASIDE, present + STEPS_ASIDE + 1):
        fits = hmac.compare_digest(pyotp.TOTP(key).generate_otp(step), code)
        if fits and step > (user.totp_last_step or 0):
            user.totp_last_step = step
            return True
    return False


def _takes_paper(user: User, code: str) -> bool:
    """Whether ``code`` is an unused recovery code of ``user``; use it up."""
    found = db.session.scalar(
        sa.select(RecoveryCode).where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash.in_(sealing.marks(code)),
            RecoveryCode.used_at.is_(None),
        )
    )
    if found is None:
        return False
    found.used_at = clock.now()
    return True


def _new_codes(user: User) -> list[str]:
    """Replace the recovery codes; return the new ones, which exist in clear only here."""
    _remove_codes(user)
    drawn = ["".join(secrets.choice(LETTERS) for _ in range(12)) for _ in range(CODES)]
    now = clock.now()
    db.session.add_all(
        RecoveryCode(user_id=user.id, code_hash=sealing.mark(one), created_at=now) for one in drawn
    )
    db.session.flush()
    return ["-".join(one[at : at + 4] for at in (0, 4, 8)) for one in drawn]


def _remove_codes(user: User) -> None:
    """Make the recovery codes of ``user`` worthless."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def _forget(user: User) -> None:
    """Leave nothing of the second factor of ``user``."""
    user.totp_secret = user.totp_since = user.totp_last_step = None
    _remove_codes(user)
    db.session.flush()
