"""Sessions and second factors in the states that the pages know."""

from datetime import timedelta

import pyotp

from portal import clock
from portal.extensions import db
from portal.models import Role, Setting, User, UserSession
from portal.policies.second_factor import SETTING
from portal.queries.sessions import session_behind
from portal.services import second_factor
from portal.services.parked_forms import park_form
from portal.services.sessions import Visit, begin_session

WINDOWS_EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"
)


def open_session(
    user: User, *, agent: str = WINDOWS_EDGE, idle: timedelta | None = None
) -> UserSession:
    """A session of ``user`` in another browser, unused for ``idle``."""
    secret = begin_session(user, visit=Visit("10.1.2.3", agent))
    behind = session_behind(secret)
    assert behind is not None
    found = behind[0]
    found.seen_at -= idle or timedelta()
    db.session.flush()
    return found


def code_of(user: User, *, steps: int = 0) -> str:
    """The code that the telephone of ``user`` shows now, or some steps of 30 seconds later."""
    key = second_factor.key_of(user)
    assert key is not None
    return pyotp.TOTP(key).at(clock.machine() + timedelta(seconds=30 * steps))


def with_second_factor(user: User) -> list[str]:
    """Turn the second factor of ``user`` on, some minutes ago; return the recovery codes."""
    second_factor.begin(user)
    codes = second_factor.confirm(user, code_of(user))
    user.totp_last_step -= 10
    db.session.flush()
    return codes


def demand_second_factor(*roles: Role) -> None:
    """Demand the second factor of ``roles``."""
    db.session.merge(
        Setting(name=SETTING, value=[role.value for role in roles], changed_at=clock.now())
    )
    db.session.flush()


def parked_form(user: User, path: str = "/admin/organisations/new", **fields: str) -> str:
    """What ``user`` had typed when the log-in ran out; the secret of its address."""
    secret = park_form(
        user, path=path, page="/pairings", fields=[[name, text] for name, text in fields.items()]
    )
    assert secret is not None
    return secret
