"""Habits of every request: reading or writing, one commit, once only, safe headers."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, abort, current_app, flash, g, make_response, redirect, request, session
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from portal import clock
from portal.database import write_intent
from portal.extensions import db
from portal.models import SubmittedForm
from portal.row_ids import LARGEST_ID
from portal.services.parked_forms import forget_parked
from portal.web import audit, secret_address
from portal.web.htmx import is_htmx, redirect_whole_page

View = TypeVar("View", bound=Callable[..., Any])
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FILE_BODIES = frozenset({"multipart/form-data", "application/offset+octet-stream"})
"""Bodies that are written to disk as they come."""
WRITES = "portal_writes"
READS_FIRST = "portal_reads_first"
WRITES_ON_RETURN = "portal_writes_on_return"
UNCLAIMED = "portal_unclaimed"
UNSAVED = "portal_unsaved"
KEPT = "portal_kept"
ONCE_FIELD = "_once"
PARKED_FIELD = "_parked"
"""Where a form that was parked says so: once it is through, nothing of it is kept."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "object-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    )
)


class RowNumber(IntegerConverter):
    """``<int:…>`` in an address: a number that a row can have.

    A guessed number beyond that is no such page; the database would take it for an error.
    """

    def __init__(self, map: Map, max: int = LARGEST_ID, **options: Any) -> None:
        super().__init__(map, max=max, **options)


def init_app(app: Flask) -> None:
    """Put the habits into ``app``."""
    app.url_map.converters["int"] = RowNumber
    secret_address.init_app(app)
    if hops := app.config["PROXY_HOPS"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.before_request(_limit_body)
    app.before_request(_declare_intent)
    app.teardown_request(_forget_intent)
    app.after_request(_add_headers)


def writes(view: View) -> View:
    """Declare that a view writes: its transaction commits once, after a good answer.

    An answer of 400 and above, or an exception, rolls everything back. A form sent twice
    (same ``_once`` key) makes one record: the second is led to where the first one went.
    """
    return _writing(view, keep_refusals=False)


def writes_on_return(view: View) -> View:
    """Declare that a GET writes: the one with which a log-in service sends the browser back.

    The state it carries is used once, and stands in for a form's key and token. Whatever is
    answered is committed, for a refused log-in must be recorded; an exception rolls back.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        if request.method != "GET":
            abort(405)
        response: Response = make_response(view(*args, **kwargs))
        _commit(response, refused=400 <= response.status_code < 500)
        return response

    setattr(wrapper, WRITES_ON_RETURN, True)
    return wrapper  # type: ignore[return-value]


def _commit(response: Response, *, refused: bool) -> None:
    """Keep what the view did, with the entry of the audit log that tells of it."""
    audit.note_answer(response, refused=refused)
    db.session.commit()
    audit.note_committed(refused=refused)


def end_reading() -> None:
    """End the transaction of a request that reads, before work that takes long.

    What was loaded stays usable; nobody waits for this request's connection meanwhile.
    """
    if write_intent.get():
        raise RuntimeError("what a writing request changed is committed at its end")
    db.session.commit()


def only_looks(view: View) -> View:
    """Declare that a view writes nothing though it takes a POST: a preview of what was sent.

    It may be sent again as often as one likes, so it has no ``_once`` key to count.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        write_intent.set(False)
        return view(*args, **kwargs)

    setattr(wrapper, WRITES, True)
    return wrapper  # type: ignore[return-value]


def reads_first(view: View) -> View:
    """Declare that a writing view begins by reading, and works long before it writes.

    It says :func:`let_go` before the long work and :func:`begin_writing` after it: nothing of
    the database is held while bytes arrive or a file is looked into.
    """
    setattr(view, READS_FIRST, True)
    return view


def let_go() -> None:
    """End the transaction in hand: what was written is kept, and no lock is held any more."""
    db.session.commit()
    write_intent.set(False)


def begin_writing() -> None:
    """Say that what follows writes; rows must be read anew, because time has passed.

    Of a form sent twice the second ends here: it is led to where the first one went.
    """
    db.session.commit()
    db.session.expire_all()
    write_intent.set(True)
    key = g.pop(UNCLAIMED, "")
    if key and (repeated := _claim(key)) is not None:
        abort(repeated)


def writes_refusals_too(view: View) -> View:
    """Like :func:`writes`, but commits on a refusal as well: a failed log-in must count."""
    return _writing(view, keep_refusals=True)


def _writing(view: View, *, keep_refusals: bool) -> View:
    """Wrap ``view`` in its commit point."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        if request.method in READING:
            return make_response(view(*args, **kwargs))
        key = request.form.get(ONCE_FIELD, "")[:64]
        if key and not write_intent.get():
            # It reads first: the key is taken when it begins to write.
            setattr(g, UNCLAIMED, key)
        elif key and (repeated := _claim(key)) is not None:
            return repeated
        response: Response = make_response(view(*args, **kwargs))
        if UNCLAIMED in g:
            key = ""
        refused = response.status_code >= 400 or getattr(response, UNSAVED, False)
        if refused and not keep_refusals and not getattr(response, KEPT, False):
            db.session.rollback()
            return response
        if key:
            _settle(key, response, refused=refused)
        if not refused:
            _forget_parked()
        _commit(response, refused=refused and response.status_code >= 400)
        return response

    setattr(wrapper, WRITES, True)
    return wrapper  # type: ignore[return-value]


def _forget_parked() -> None:
    """Keep nothing of a form that was parked and has now gone through."""
    secret = request.form.get(PARKED_FIELD)
    if secret and current_user.is_authenticated:
        forget_parked(secret, user_id=current_user.id)


def _claim(key: str) -> Response | None:
    """Take ``key`` for this request, or answer for the request that took it before."""
    user_id = current_user.id if current_user.is_authenticated else None
    db.session.add(SubmittedForm(key=key, user_id=user_id, location="", at=clock.now()))
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        first = db.session.scalar(sa.select(SubmittedForm).where(SubmittedForm.key == key))
        target = first.location if first and first.user_id == user_id else ""
        flash("这份表单已经提交过，没有重复记录。", "info")
        return leave_to(target or safe_referrer())
    return None


def _settle(key: str, response: Response, *, refused: bool) -> None:
    """Keep where the first submission of ``key`` led; free the key of a refused one."""
    mine = SubmittedForm.key == key
    if refused:
        db.session.execute(sa.delete(SubmittedForm).where(mine))
        return
    headers = response.headers
    # An answer that is itself the page (an initial password, shown once) says where to look next.
    told = ("HX-Redirect", "Location", "Content-Location")
    location = next((headers[name] for name in told if name in headers), "")
    db.session.execute(sa.update(SubmittedForm).where(mine).values(location=location[:500]))


def unsaved(page: str) -> Response:
    """Answer a POST that only draws its form again ("one more line").

    Nothing is written, and the form's key stays free for the real submission.
    """
    response = make_response(page)
    setattr(response, UNSAVED, True)
    return response


def keep_what_was_done(response: Response) -> Response:
    """Let a refusal's transaction be kept: some of what was sent could be taken, some not."""
    setattr(response, KEPT, True)
    return response


def leave_to(address: str) -> Response:
    """Redirect after a write (303), whole page also for htmx."""
    if is_htmx():
        return redirect_whole_page(address)
    return make_response(redirect(address, code=303))


def safe_next(address: str | None, default: str = "/") -> str:
    """Return ``address`` if it is a path of this portal, else ``default``: no open redirect."""
    if not address or not address.startswith("/") or re.search(r"[\x00-\x20\\]", address):
        return default
    try:
        parts = urlsplit(address)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or address.startswith("//"):
        return default
    return address


def safe_referrer(default: str = "/") -> str:
    """Return the path of the page the user came from, if it was one of ours."""
    return safe_path(request.referrer, default)


def safe_path(address: str | None, default: str = "/") -> str:
    """Return the path of a whole ``address`` if it is one of this portal, else ``default``."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return default
    if parts.netloc and parts.netloc != request.host:
        return default
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return safe_next(path, default)


def _limit_body() -> None:
    """Let only files be large, and only from people who are logged in or hold an upload code.

    Any other body is read into memory, and all of them before anybody asks who sends them.
    """
    if request.method in READING:
        return
    known = "_user_id" in session or (request.endpoint or "").startswith("uploads.")
    if not (known and request.mimetype in FILE_BODIES):
        limits = (
            current_app.config[name] for name in ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE")
        )
        request.max_content_length = min(limits)
    if request.mimetype == "multipart/form-data":
        # Before anybody asks the database: a slow body must not hold its one lock.
        _ = request.form


def _declare_intent() -> None:
    """Tell the database layer whether this request may write, at least at first."""
    view = current_app.view_functions.get(request.endpoint or "")
    returns = request.method == "GET" and hasattr(view, WRITES_ON_RETURN)
    writing = request.method not in READING and not hasattr(view, READS_FIRST)
    write_intent.set(returns or writing)


def _forget_intent(_error: BaseException | None) -> None:
    """Leave nothing declared for whatever the same thread does next."""
    write_intent.set(True)


def _add_headers(response: Response) -> Response:
    """Strict headers on everything; pages are never kept by a shared cache."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static":
        if "v" in request.args:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers.setdefault("Cache-Control", "private, no-store")
    return response
