"""Ties Flask-Login to our accounts: deny by default, and first log-in changes the password."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.extensions import db, login_manager
from portal.models import User
from portal.web.htmx import is_htmx, redirect_whole_page
from portal.web.requests import safe_path, safe_referrer

PUBLIC = "portal_public"
BEFORE_PASSWORD = "portal_before_password"

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view that may be seen without logging in."""
    setattr(view, PUBLIC, True)
    return view


def before_password(view: View) -> View:
    """Mark a view that an issued account may use before it has set its own password."""
    setattr(view, BEFORE_PASSWORD, True)
    return view


def actor() -> User:
    """Return the account behind this request. Only for views that demand a log-in."""
    return cast(User, current_user._get_current_object())


def init_app(app: Flask) -> None:
    """Load the account of every request and turn strangers away."""
    login_manager.init_app(app)
    login_manager.user_loader(_load_user)
    app.before_request(_require_login)


def _load_user(identity: str) -> User | None:
    """Return the account of a session cookie, unless the session was ended."""
    number, _, session_version = identity.partition(":")
    if not number.isdigit() or not session_version.isdigit():
        return None
    user = db.session.get(User, int(number))
    if user is None or not user.is_active or user.session_version != int(session_version):
        return None
    return user


def _require_login() -> Response | None:
    """Every address needs an account, unless its view says that it is public."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions.get(request.endpoint)
    if getattr(view, PUBLIC, False):
        return None
    if not current_user.is_authenticated:
        return _send_to(url_for("auth.log_in", next=_page_of_request()))
    if current_user.must_change_password and not getattr(view, BEFORE_PASSWORD, False):
        return _send_to(url_for("auth.change_password"))
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
