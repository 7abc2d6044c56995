"""Ties the audit log to requests: who is at work, what was refused, what was taken out.

Changes need nothing of a view: portal/audit seals every commit. A view that sends a file or a
sheet says ``@downloads`` or ``@exports`` under its route.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, make_response, request, session
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header, parse_range_header
from werkzeug.wrappers import Response

from portal import audit, clock
from portal.audit import Entry, Trace, tidy
from portal.database import short_write
from portal.extensions import db
from portal.models import AuditKind, AuditResult, User
from portal.queries.record_labels import table_label
from portal.web.secret_address import loggable_path

log = logging.getLogger("portal")

View = TypeVar("View", bound=Callable[..., Any])

TAKES = "portal_takes"
TAKEN = "taken"
"""Where the session's cookie keeps the last few things that left an entry."""

KEPT_IN_COOKIE = 8
TAKEN_FOR = 600
"""For so many seconds the later pieces of a thing belong to the entry that it left."""

REFUSALS = frozenset({403, 409, 413})
"""Answers that are a refusal whatever gave them. 422 is a slip of typing; 404 and 400 are
recorded only where something was hidden or forged."""

GUESSED = frozenset({400, 404, 413})
"""Before these answers nothing was loaded, or nothing that the person may know of."""

VISITOR = "访客"
UNKNOWN_VISITOR = "访客（用户名未知）"
REFUSED = {
    409: "页面打开后内容已被他人修改，没有保存",
    413: "提交的内容超过大小限制",
}
VERBS = {AuditKind.DOWNLOAD: "下载文件", AuditKind.EXPORT: "导出"}


def init_app(app: Flask) -> None:
    """Describe requests to the log, and record what they were refused."""
    audit.use(_describe)
    app.before_request(_remember_actor)
    app.after_request(_record_refusal)


def downloads(view: View) -> View:
    """Mark a view whose good answer is a file, shown or saved: it leaves one audit entry."""
    return _taking(view, AuditKind.DOWNLOAD)


def downloads_part(view: View) -> View:
    """Mark a view that sends a part of a file: a page of it, or the picture within a preview.

    It leaves an entry only where nothing of that file has left one just before.
    """
    return _taking(view, AuditKind.DOWNLOAD, part=True)


def exports(view: View) -> View:
    """Mark a view whose good answer is a table or an official sheet made for taking away."""
    return _taking(view, AuditKind.EXPORT)


def not_taken(view: View) -> View:
    """Mark a view that sends bytes which nobody would call taken out: a thumbnail, a code."""
    setattr(view, TAKES, None)
    return view


def note_refusal(sentence: str) -> None:
    """Keep the sentence that the person is told, in case the refusal is recorded."""
    g.audit_sentence = sentence


def always_record() -> None:
    """Let a refusal be recorded whose status alone would not tell that it is one."""
    g.audit_always = True


def refuses(sentence: str, user: User) -> None:
    """Say that an answer of this POST refuses ``user`` something though it is a redirect."""
    g.audit_sentence, g.audit_refuses = sentence, user.id


def acts_as(user: User) -> None:
    """Say in whose name a request acts that no log-in stands behind: a phone, by its link."""
    g.audit_actor = _known(user)


def note_answer(response: Response, *, refused: bool) -> None:
    """Tell the log how the request will be answered, before its commit.

    A refusal that is committed (a failed log-in counts) leaves an entry even where no row
    changed.
    """
    g.audit_status = response.status_code
    if refused or "audit_refuses" in g:
        audit.insist(db.session())


def note_committed(*, refused: bool) -> None:
    """Tell the log that what :func:`note_answer` told of has been committed.

    Only then has a refusal left its entry: one that follows an earlier commit, or a commit
    that fails, has not.
    """
    g.audit_recorded = refused


def note_title(title: str) -> None:
    """Say in Chinese what a download or an export is called, where its name does not tell."""
    g.audit_title = title


def _describe(trace: Trace) -> Entry | None:
    """Describe what this request is about to commit."""
    if not has_request_context():
        return None
    status = g.get("audit_status", 0)
    refused = status >= 400 or "audit_refuses" in g
    told = "、".join(dict.fromkeys(event.title for event in trace.events))
    entry = _of_request(
        AuditKind.REFUSAL if refused else _kind_of(trace),
        told or _changed(trace) or g.get("audit_sentence", "") or REFUSED.get(status, "请求未成功"),
        status=status,
        result=AuditResult.REFUSED if refused else AuditResult.DONE,
        changes=trace.told(),
    )
    if "audit_refuses" in g:
        entry = replace(entry, object_type="user", object_id=g.audit_refuses)
    subject = next(iter(trace.events), None)
    if subject is not None:
        entry = replace(
            entry,
            object_type=subject.object_type,
            object_id=subject.object_id,
            pairing_id=subject.pairing_id,
        )
    actor = next((event for event in trace.events if event.actor_id is not None), None)
    if actor is not None:
        return replace(
            entry,
            actor_id=actor.actor_id,
            actor_name=actor.actor_name,
            actor_role=actor.actor_role,
            actor_org=actor.actor_org,
        )
    return entry


def _kind_of(trace: Trace) -> AuditKind:
    """Return what sort of thing is committed."""
    if any(event.action.startswith(("log_in", "log_out")) for event in trace.events):
        return AuditKind.LOG_IN
    return AuditKind.CHANGE


def _changed(trace: Trace) -> str:
    """Name what changed without an event of its own."""
    tables = dict.fromkeys(str(one["object"]) for one in trace.told() if one["object"])
    return "变更：" + "、".join(table_label(table) for table in tables) if tables else ""


def _of_request(kind: AuditKind, title: str, **more: Any) -> Entry:
    """Return an entry with what the request itself tells."""
    numbers = {
        name.removesuffix("_id"): value
        for name, value in (request.view_args or {}).items()
        if name.endswith("_id") and isinstance(value, int)
    }
    kind_of_object, number = next(reversed(numbers.items()), ("", None))
    return Entry(
        kind,
        request.endpoint or "",
        title,
        object_type=kind_of_object,
        object_id=number,
        pairing_id=None if more.get("status") in GUESSED else numbers.get("pairing"),
        address=request.remote_addr or "",
        method=request.method,
        path=loggable_path(),
        **{**_actor(), **more},
    )


def _remember_actor() -> None:
    """Keep who asks, before a refusal rolls back and forgets what was loaded.

    A public page is not asked: it would load an account that it does not need.
    """
    from portal.web.accounts import PUBLIC  # which itself needs the commit point

    view = current_app.view_functions.get(request.endpoint or "")
    if view is not None and request.endpoint != "static" and not hasattr(view, PUBLIC):
        g.audit_actor = _known(current_user._get_current_object())


def _actor() -> dict[str, Any]:
    """Return who asks, as the entry names them."""
    known: dict[str, Any] | None = g.get("audit_actor")
    if known is None:
        known = _known(current_user._get_current_object())
    if known:
        return known
    return {"actor_name": _visitor()}


def _is_known() -> bool:
    """Whether an account asks."""
    return bool(g.get("audit_actor")) or isinstance(current_user._get_current_object(), User)


def _visitor() -> str:
    """Return the user name that a visitor sent, if an account has it.

    Anything else that is typed there, a password or a person's name, is not kept for ever.
    """
    if request.method != "POST":
        return VISITOR
    try:
        # Without NUL, which PostgreSQL cannot even be asked for.
        tried = request.form.get("username", "").replace("\x00", "").strip().lower()
    except HTTPException:
        return VISITOR
    if not tried:
        return VISITOR
    known = sa.select(User.username).where(User.username == tried)
    return db.session.scalar(known) or UNKNOWN_VISITOR


def _known(user: Any) -> dict[str, Any]:
    """Return the names that ``user`` has at this time; nothing for a visitor."""
    if not isinstance(user, User):
        return {}
    return {
        "actor_id": user.id,
        "actor_name": user.name,
        "actor_role": user.role.value,
        "actor_org": user.organisation_name,
    }


def _record_refusal(response: Response) -> Response:
    """Record a refusal in a transaction of its own: that of the request was rolled back."""
    status = response.status_code
    refused = status in REFUSALS or g.get("audit_always", False)
    if not refused or g.get("audit_recorded", False):
        return response
    try:
        _append_refusal(status)
    except (SQLAlchemyError, RuntimeError) as error:
        # Nothing was done that would stand unrecorded, and the person is owed their answer.
        log.error("refusal not recorded: %s %s", request.method, loggable_path(), exc_info=error)
        db.session.rollback()
    return response


def _append_refusal(status: int) -> None:
    """Add an entry for an answer of ``status``.

    Not where strangers ask for what is not there, or forge forms: they could fill the log.
    """
    if status in GUESSED and not _is_known():
        return
    entry = _of_request(
        AuditKind.REFUSAL,
        g.get("audit_sentence", "") or REFUSED.get(status, "请求被拒绝"),
        status=status,
        result=AuditResult.REFUSED,
    )
    db.session.rollback()
    _append(entry)


def _taking(view: View, kind: AuditKind, *, part: bool = False) -> View:
    """Let every good answer of ``view`` leave an entry of ``kind``, before its first byte."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        response: Response = make_response(view(*args, **kwargs))
        if _takes(response, part=part):
            entry = _of_request(
                kind, _title_of(kind, response), status=response.status_code, changes=_asked()
            )
            _append(entry)
        return response

    setattr(wrapper, TAKES, kind)
    return wrapper  # type: ignore[return-value]


def _takes(response: Response, *, part: bool) -> bool:
    """Whether ``response`` hands something out.

    A viewer asks for a long file piece by piece: the later pieces of what this session has
    just been recorded for leave no entries of their own.
    """
    if request.method == "HEAD" or response.status_code >= 400 or response.status_code == 304:
        return False
    if 300 <= response.status_code < 400 and response.headers.get("Location", "/").startswith("/"):
        return False  # led to a page of ours, which says for itself what it hands out
    now = int(clock.now().timestamp())
    # A cookie of an older portal may hold names without their times.
    known = [one for one in session.get(TAKEN, []) if isinstance(one, list)]
    recent = [(name, at) for name, at in known if 0 <= now - at < TAKEN_FOR]
    wanted = parse_range_header(request.headers.get("Range"))
    goes_on = wanted is not None and len(wanted.ranges) == 1 and wanted.ranges[0][0] != 0
    thing = _thing()
    # Whatever the status: nginx or the store answers the range that we only point at.
    if (part or goes_on) and thing in dict(recent):
        return False
    kept = [[name, at] for name, at in recent if name != thing]
    session[TAKEN] = [*kept, [thing, now]][-KEPT_IN_COOKIE:]
    return True


def _thing() -> str:
    """Return what the address is about, the same for a file, its preview and its pages."""
    numbers = [f"{name}={value}" for name, value in (request.view_args or {}).items()]
    return ",".join(numbers) or request.path


def _title_of(kind: AuditKind, response: Response) -> str:
    """Say what was taken: by the view's own words, or by the name of the file."""
    if title := g.get("audit_title", ""):
        return str(title)
    way, options = parse_options_header(response.headers.get("Content-Disposition"))
    name = options.get("filename", "")
    verb = "查看文件" if kind is AuditKind.DOWNLOAD and way == "inline" else VERBS[kind]
    return f"{verb}：{name}" if name else verb


def _asked() -> list[dict[str, Any]]:
    """Return the filters in the address, which say how much an export holds."""
    fields = [[tidy(name), None, tidy(value)[:200]] for name, value in request.args.items()]
    return [{"object": "address", "step": "asked", "fields": fields}] if fields else []


def _append(entry: Entry) -> None:
    """Add ``entry`` and commit; a reading request may write for just this long."""
    # Whatever was read so far ends here, so that SQLite can begin anew with the write lock.
    db.session.commit()
    with short_write():
        audit.append(db.session(), entry, Trace().uid)
        db.session.commit()
    g.audit_recorded = True
