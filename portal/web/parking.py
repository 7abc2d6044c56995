"""A form that comes after its log-in ran out: kept, and shown to its owner after the next one."""

import inspect
from collections.abc import Iterator
from typing import Any

from flask import current_app, flash, request, url_for
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import HTTPException
from wtforms import Form, ValidationError

from portal.database import short_write
from portal.extensions import db
from portal.models import User
from portal.services.parked_forms import Field, park_form
from portal.web.requests import ONCE_FIELD, PARKED_FIELD, safe_next

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
NEVER = frozenset({"auth", "account", "invitations"})
"""Areas whose forms hold passwords and codes: nothing sent to them is ever kept."""

CSRF = "csrf_token"
OURS = frozenset({CSRF, ONCE_FIELD, PARKED_FIELD, "version"})
"""Fields that nobody typed."""


def park(user: User | None, *, page: str) -> str | None:
    """Keep the form of this request, whose log-in of ``user`` has run out.

    Returns the page that gives it back after the next log-in; None where there is nothing to
    keep. Nothing is carried out, and nothing is kept that did not come from a page of ours.
    """
    if user is None or request.method != "POST" or request.blueprint in NEVER:
        return None
    if request.mimetype not in FORMS or not _comes_from_our_page():
        return None
    texts: list[Field] = [[name, text] for name, text in request.form.items(multi=True)]
    texts = [one for one in texts if one[0] not in (CSRF, PARKED_FIELD)]
    chosen = [name for name, file in request.files.items(multi=True) if file.filename]
    if not chosen and not any(text for name, text in texts if name not in OURS):
        return None
    path = safe_next(request.full_path.rstrip("?"))
    fields = [*texts, *([name, None] for name in dict.fromkeys(chosen))]
    # The transaction in hand may be one that only reads (web/requests.py, reads_first).
    db.session.commit()
    with short_write():
        secret = park_form(user, path=path, page=page, fields=fields, files=len(chosen))
        db.session.commit()
    if secret is None:
        flash("登录已超时。您填写的内容太长，没有能够暂存，请登录后重新填写。", "warning")
        return None
    flash("登录已超时。您填写的内容已经暂存，登录后可以继续提交。", "info")
    return url_for("account.show_parked_form", secret=secret)


def _comes_from_our_page() -> bool:
    """Whether the form carries the token that this browser's pages were drawn with."""
    try:
        validate_csrf(request.form.get(CSRF))
    except ValidationError:
        return False
    return True


def readable(path: str, fields: list[Field]) -> list[tuple[str, str]]:
    """Return (label, text) of what was sent to the form that ``path`` takes, in its order.

    Labels are those of the forms that the view uses; what has none goes by its name, so that
    nothing is sent again that its owner was not shown.
    """
    labels = _labels_of(path)
    shown = []
    for name, text in fields:
        label = labels.get(str(name).rpartition("-")[2], "")
        if text and name not in OURS:
            shown.append((label or ("内容" if not text.isascii() else str(name)), text))
    return shown


def _labels_of(path: str) -> dict[str, str]:
    """Return the labels of every field of the forms in the module of the view of ``path``."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(path.partition("?")[0], method="POST")
    except HTTPException:
        return {}
    view = inspect.unwrap(current_app.view_functions[str(endpoint)])
    known = vars(inspect.getmodule(view)).values()
    forms = [one for one in known if isinstance(one, type) and issubclass(one, Form)]
    return dict(label for form in forms for label in _labels(form))


def _labels(form: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, label) of the fields of one form, those of its lines included."""
    for name in dir(form):
        field: Any = getattr(form, name, None)
        if not hasattr(field, "field_class"):
            continue
        words = [*field.args[:1], field.kwargs.get("label")]
        yield from ((name, word) for word in words if isinstance(word, str))
        for line in _lines(field):
            yield from _labels(line)


def _lines(field: Any) -> Iterator[type[Any]]:
    """Yield the forms of the lines that ``field`` repeats."""
    for part in field.args:
        if isinstance(part, type) and issubclass(part, Form):
            yield part
        elif hasattr(part, "field_class"):
            yield from _lines(part)
