"""Every error becomes a page (or a line in the live region) with a clear Chinese sentence."""

import logging
import secrets
from contextlib import suppress

from flask import Flask, current_app, make_response, request, session
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException, SecurityError
from werkzeug.wrappers import Response

from portal import clock
from portal.errors import NotVisible, PortalError, StaleEdit, StepRefused
from portal.extensions import db
from portal.web import audit
from portal.web.htmx import is_htmx
from portal.web.requests import READING, safe_referrer
from portal.web.secret_address import loggable_path

log = logging.getLogger("portal")

SENTENCES = {
    400: "提交的内容不完整或已过期，请返回上一页重试。",
    403: "您无权执行这个操作。",
    404: "没有找到这个页面，或您无权查看。",
    405: "这个地址不接受这种操作。",
    413: "上传的文件超过了大小限制。",
    421: "请从门户的正式网址访问。",
}
CIRCLES = frozenset({"40001", "40P01"})
"""PostgreSQL's codes: could not serialize access, deadlock detected."""

PAGES = {403, 404, 409, 413, 422, 423, 500, 503}


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(PortalError, _answer_portal_error)
    app.register_error_handler(StaleDataError, _answer_stale)
    app.register_error_handler(IntegrityError, _answer_clash)
    app.register_error_handler(OperationalError, _answer_circle)
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_crash)


def error_page(
    status: int, sentences: list[str], reference: str = "", page: str | None = None
) -> Response:
    """Render the error as a page, or as the message htmx puts into the live region.

    ``page`` names a template of errors/ where the status alone does not tell which. Nothing
    here asks the database, which may be what failed.
    """
    audit.note_refusal(sentences[0])
    with suppress(SQLAlchemyError):
        db.session.rollback()
    if is_htmx():
        body = _render("_message", sentences=sentences, reference=reference)
        response: Response = make_response(body, status)
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    name = page or str(status if status in PAGES else 422)
    body = _render(
        name,
        message=sentences[0],
        # Told by the cookie alone: the database may be what is broken.
        signed_in="_user_id" in session,
        missing=sentences[1:],
        reference=reference,
        back=safe_referrer(),
        sent=request.method not in READING,
        demo_date=clock.today() if current_app.config["CLOCK_OFFSET_DAYS"] else None,
    )
    return make_response(body, status)


def _render(name: str, **context: object) -> str:
    """Render a template of errors/ without the menu and the account that pages carry."""
    return current_app.jinja_env.get_template(f"errors/{name}.html").render(**context)


def _answer_portal_error(error: PortalError) -> Response:
    if isinstance(error, NotVisible):
        audit.always_record()
    # A step that is not open now has the status of a conflict, but nobody was before us.
    page = "422" if isinstance(error, StepRefused) else None
    return error_page(error.status, error.sentences, page=page)


def _answer_stale(_error: StaleDataError) -> Response:
    return _answer_portal_error(StaleEdit("刚刚已有其他人处理了同一事项，请刷新后查看。"))


def _answer_clash(error: IntegrityError) -> Response:
    """Two people made the same thing at once, and the database kept one of them.

    Any other broken constraint is a mistake of ours.
    """
    said = str(error.orig).lower()
    if "unique" not in said:
        return _answer_crash(error)
    log.warning("clash: %s %s", request.method, loggable_path(), exc_info=error)
    return _answer_portal_error(StaleEdit("刚刚已有其他人提交了同样的内容，请刷新后核对。"))


def _answer_circle(error: OperationalError) -> Response:
    """Two people waited for each other, and the database let one of them go first."""
    if getattr(error.orig, "sqlstate", None) not in CIRCLES:
        return _answer_crash(error)
    log.warning("circle: %s %s", request.method, loggable_path(), exc_info=error)
    return _answer_portal_error(StaleEdit("刚刚有其他人在办理同一批事项，请刷新后再试。"))


def _answer_csrf(_error: CSRFError) -> Response:
    audit.always_record()
    return error_page(400, ["页面停留过久或登录已更换，请返回上一页刷新后再提交。"])


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if isinstance(error, SecurityError):
        # Under a foreign name nothing has an address, and a page is made of addresses.
        return Response(SENTENCES[421], 400, mimetype="text/plain")
    return error_page(status, [SENTENCES.get(status, "请求无法处理，请返回上一页重试。")])


def _answer_crash(error: Exception) -> Response:
    """Show a reference number; the log line with that number says what happened."""
    if type(error).__module__.startswith("gunicorn.http"):
        # A body whose pieces are not what they say; the server notices when it is read.
        return _answer_http(BadRequest())
    reference = secrets.token_hex(4).upper()
    log.error("reference %s: %s %s", reference, request.method, loggable_path(), exc_info=error)
    return error_page(500, ["系统出现意外错误，您提交的内容没有保存。"], reference)
