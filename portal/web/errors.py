"""Every error becomes a page (or a line in the live region) with a clear Chinese sentence."""

import logging
import secrets

from flask import Flask, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal.errors import PortalError, StaleEdit
from portal.extensions import db
from portal.web.htmx import is_htmx
from portal.web.requests import safe_referrer

log = logging.getLogger("portal")

SENTENCES = {
    400: "提交的内容不完整或已过期，请返回上一页重试。",
    403: "您无权执行这个操作。",
    404: "没有找到这个页面，或您无权查看。",
    405: "这个地址不接受这种操作。",
    413: "上传的文件超过了大小限制。",
    429: "操作过于频繁，请稍后再试。",
}
PAGES = {403, 404, 409, 413, 422, 500}


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(PortalError, _answer_portal_error)
    app.register_error_handler(StaleDataError, _answer_stale)
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_crash)


def error_page(status: int, sentences: list[str], reference: str = "") -> Response:
    """Render the error as a page, or as the message htmx puts into the live region."""
    db.session.rollback()
    if is_htmx():
        response: Response = make_response(
            render_template("errors/_message.html", sentences=sentences, reference=reference),
            status,
        )
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    page = status if status in PAGES else 422
    body = render_template(
        f"errors/{page}.html",
        message=sentences[0],
        missing=sentences[1:],
        reference=reference,
        back=safe_referrer(),
    )
    return make_response(body, status)


def _answer_portal_error(error: PortalError) -> Response:
    return error_page(error.status, error.sentences)


def _answer_stale(_error: StaleDataError) -> Response:
    return _answer_portal_error(StaleEdit("刚刚已有其他人处理了同一事项，请刷新后查看。"))


def _answer_csrf(_error: CSRFError) -> Response:
    return error_page(400, ["页面停留过久或登录已更换，请返回上一页刷新后再提交。"])


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    return error_page(status, [SENTENCES.get(status, "请求无法处理，请返回上一页重试。")])


def _answer_crash(error: Exception) -> Response:
    """Show a reference number; the log line with that number says what happened."""
    reference = secrets.token_hex(4).upper()
    log.error("reference %s: %s %s", reference, request.method, request.path, exc_info=error)
    return error_page(500, ["系统出现意外错误，您提交的内容没有保存。"], reference)
