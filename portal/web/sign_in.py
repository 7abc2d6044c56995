"""Letting somebody in: a fresh cookie for a fresh session."""

from flask import request, session
from flask_login import login_user, logout_user

from portal.models import User
from portal.services import accounts
from portal.services.sessions import Visit, begin_session, end_session
from portal.web.accounts import SECRET, actor, person_before, present_session

CSRF_SECRET = "csrf_token"


def visit() -> Visit:
    """Return from where this request comes."""
    return Visit(request.remote_addr or "", request.headers.get("User-Agent", ""))


def let_in(user: User, *, way: str = "password") -> None:
    """Log ``user`` in, every factor having been checked, and record it.

    Whoever was in with this browser is out.
    """
    if (present := present_session()) is not None:
        end_session(present, why="replaced")
    _carry(user, accounts.log_in(user, visit=visit(), way=way))


def go_on(user: User) -> None:
    """Begin a new session of ``user``, who was in and whose sessions have just ended."""
    _carry(user, begin_session(user, visit=visit()))


def leave() -> None:
    """Log out whoever is in."""
    accounts.log_out(actor(), present_session())
    logout_user()
    session.clear()


def _carry(user: User, secret: str) -> None:
    """Put the new session into a cookie that has nothing of the old one.

    Only the secret of the forms stays, and only for the same person: pages that were open in
    other windows when the log-in ran out can still be sent.
    """
    before = person_before()
    same_person = before is not None and before.id == user.id
    forms = session.get(CSRF_SECRET)
    session.clear()
    if same_person and forms:
        session[CSRF_SECRET] = forms
    session.permanent = True
    session[SECRET] = secret
    login_user(user)
