"""Ties Flask-Login to our accounts: deny by default, and first log-in changes the password.

The cookie carries the secret of one log-in; its row says whose it is and whether it still
counts (services/sessions.py). Both are read in one statement.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask_login import current_user
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from portal.database import short_write, write_intent
from portal.extensions import db, login_manager
from portal.models import User, UserSession
from portal.policies.second_factor import is_owed
from portal.queries.sessions import Limits, session_behind
from portal.services import sessions
from portal.web.htmx import is_htmx, redirect_whole_page
from portal.web.parking import park
from portal.web.requests import safe_path, safe_referrer

PUBLIC = "portal_public"
BEFORE_PASSWORD = "portal_before_password"
BEFORE_SECOND_FACTOR = "portal_before_second_factor"
SECRET = "log_in"
"""Where the cookie keeps the secret of its log-in."""
BOTH_SHOWN = "both_shown"
"""Where the cookie says that a trusted log-in service has asked for a second factor."""

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view that may be seen without logging in."""
    setattr(view, PUBLIC, True)
    return view


def before_password(view: View) -> View:
    """Mark a view that an issued account may use before it has set its own password."""
    setattr(view, BEFORE_PASSWORD, True)
    return view


def before_second_factor(view: View) -> View:
    """Mark a view that an account may use which has yet to set up a demanded second factor."""
    setattr(view, BEFORE_SECOND_FACTOR, True)
    return view


def actor() -> User:
    """Return the account behind this request. Only for views that demand a log-in."""
    return cast(User, current_user._get_current_object())


def session_limits() -> Limits:
    """Return after how much idleness, and how long after the log-in, a session runs out."""
    return Limits(
        timedelta(minutes=current_app.config["IDLE_MINUTES"]),
        timedelta(hours=current_app.config["SESSION_HOURS"]),
    )


def owes_second_factor() -> bool:
    """Whether whoever is in must set up a second factor before anything else."""
    return is_owed(actor(), g.demanded_roles) and not session.get(BOTH_SHOWN)


def present_session() -> UserSession | None:
    """Return the log-in behind this request, if it counts."""
    if not current_user.is_authenticated:
        return None
    return cast(UserSession | None, g.get("user_session"))


def person_before() -> User | None:
    """Return whose log-in the cookie names, also where it has run out or was ended."""
    if current_user.is_authenticated:
        return actor()
    return cast(User | None, g.get("logged_out_user"))


def init_app(app: Flask) -> None:
    """Load the account of every request and turn strangers away."""
    login_manager.init_app(app)
    login_manager.user_loader(_load_user)
    app.before_request(_require_login)


def _load_user(identity: str) -> User | None:
    """Return the account of a session cookie, unless the session ended or was idle too long."""
    behind = session_behind(str(session.get(SECRET, "")))
    if behind is None:
        return None
    found, g.demanded_roles = behind
    if identity != found.user.get_id() or not found.user.is_active:
        return None
    limits = session_limits()
    if not sessions.is_live(found, limits):
        g.logged_out_user = found.user
        g.ran_out = sessions.has_run_out(found, limits)
        return None
    g.user_session = found
    if sessions.needs_refresh(found, limits.idle):
        _refresh(found)
    return found.user


def _refresh(found: UserSession) -> None:
    """Write that the session is in use; seldom, and also while only reading.

    A reading request has nothing else to write: its transaction ends, and this fact gets a
    short one of its own. Where the database is too busy for it, the next request tries again.
    """
    if write_intent.get():
        return sessions.refresh(found)
    db.session.commit()
    with short_write():
        try:
            sessions.refresh(found)
            db.session.commit()
        except OperationalError:
            db.session.rollback()


def _require_login() -> Response | None:
    """Every address needs an account, unless its view says that it is public."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions.get(request.endpoint)
    if getattr(view, PUBLIC, False):
        return None
    if not current_user.is_authenticated:
        page = _page_of_request()
        # A session that somebody ended may have been a thief's: nothing of it is kept.
        late = g.get("logged_out_user") if g.get("ran_out") else None
        parked = park(late, page=page or "/")
        return _send_to(url_for("auth.log_in", next=parked or page))
    return _owed_first(view)


def _owed_first(view: Any) -> Response | None:
    """Lead to what an account must do before anything else: its own password, a second factor."""
    if getattr(view, BEFORE_PASSWORD, False):
        return None
    if current_user.must_change_password:
        return _send_to(url_for("auth.change_password"))
    if owes_second_factor() and not getattr(view, BEFORE_SECOND_FACTOR, False):
        return _send_to(url_for("account.second_factor"))
    return None


def _page_of_request() -> str | None:
    """Return the page to lead back to after logging in; None for the start page.

    A fragment or a form is not a page: there it is the one the visitor was looking at, where
    a kept draft is offered again.
    """
    if is_htmx():
        page = safe_path(request.headers.get("HX-Current-URL"))
    elif request.method == "GET":
        page = request.full_path.rstrip("?")
    else:
        page = safe_referrer()
    return None if page == "/" else page


def _send_to(address: str) -> Response:
    """Send a browser there, whole page even where htmx asked for a fragment."""
    return redirect_whole_page(address) if is_htmx() else redirect(address)
