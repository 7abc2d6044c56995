"""Letting somebody in: a fresh cookie for a fresh session, after every factor.

Whoever has shown the first factor and owes the second is not in yet: the signed cookie says
for five minutes whose password was right, and nothing opens by it but the page for the code.
"""

import hmac
from datetime import timedelta

from flask import request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from portal import clock
from portal.extensions import db
from portal.models import User
from portal.services import accounts
from portal.services.sessions import Visit, begin_session, end_session, standing_of
from portal.web.accounts import BOTH_SHOWN, SECRET, actor, person_before, present_session
from portal.web.landing import landing_for
from portal.web.requests import leave_to

FORMS = "csrf_token"
HALF_IN = "half_in"
HALF_IN_FOR = timedelta(minutes=5)


def visit() -> Visit:
    """Return from where this request comes."""
    return Visit(request.remote_addr or "", request.headers.get("User-Agent", ""))


def come_in(
    user: User, *, wanted: str = "", way: str = "password", both_shown: bool = False
) -> Response:
    """Go on after the first factor of ``user``: to the page for the code, or in.

    ``wanted`` is the page to lead to, the home page if it is empty; ``way`` the factor that
    was shown: ``password``, or the name of a provider. ``both_shown``: a provider that is
    trusted with it has asked for a second factor already.
    """
    if both_shown or user.totp_since is None:
        let_in(user, way=way, both_shown=both_shown)
        return leave_to(landing_for(user, wanted))
    forms = _forms_of(user)
    session.clear()
    if forms:
        session[FORMS] = forms
    began = int(clock.now().timestamp())
    session[HALF_IN] = {
        "user": user.id,
        "way": way,
        "at": began,
        "same": bool(forms),
        "standing": standing_of(user, way),
    }
    return leave_to(url_for("auth.second_step", next=wanted or None))


def half_in() -> tuple[User, str] | None:
    """Return (account, way) of whoever has yet to show the second factor here.

    Nobody once the password was changed, the identity unlinked or the sessions ended since.
    """
    begun = session.get(HALF_IN)
    if not isinstance(begun, dict):
        return None
    age = clock.now().timestamp() - begun["at"]
    user = db.session.get(User, begun["user"])
    if user is None or not 0 <= age <= HALF_IN_FOR.total_seconds():
        return None
    same = hmac.compare_digest(begun["standing"], standing_of(user, begun["way"]))
    return (user, begun["way"]) if same else None


def let_in(user: User, *, way: str = "password", both_shown: bool = False) -> None:
    """Log ``user`` in, every factor having been checked, and record it.

    Whoever was in with this browser is out.
    """
    if (present := present_session()) is not None:
        end_session(present, why="replaced")
    _carry(user, accounts.log_in(user, visit=visit(), way=way))
    if both_shown:
        session[BOTH_SHOWN] = True


def go_on(user: User) -> None:
    """Begin a new session of ``user``, who was in and whose sessions have just ended."""
    _carry(user, begin_session(user, visit=visit()))


def leave() -> None:
    """Log out whoever is in."""
    accounts.log_out(actor(), present_session())
    logout_user()
    session.clear()


def _carry(user: User, secret: str) -> None:
    """Put the new session into a cookie that has nothing of the old one but see _forms_of."""
    forms = _forms_of(user)
    session.clear()
    if forms:
        session[FORMS] = forms
    session.permanent = True
    session[SECRET] = secret
    login_user(user)


def _forms_of(user: User) -> str | None:
    """Return the secret of the forms drawn for ``user`` in this browser, if it was they.

    Pages that were open in other windows when the log-in ran out can so still be sent.
    """
    begun, before = session.get(HALF_IN), person_before()
    same_before = before is not None and before.id == user.id
    same_half_in = isinstance(begun, dict) and begun["user"] == user.id and begun["same"]
    return session.get(FORMS) if same_before or same_half_in else None
