"""Headers that lie, methods that are not ours, and bodies that are no forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.models import AuditEntry
from tests.integration.hostile.table import NOBODY, Attack, Row, get, metadata, post, tus
from tests.support.pages import Page

EVIL = "evil.example"
FILE = "/files/{file_id}?download=1"
PIECE = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
INCOMPLETE = "上传请求不完整"


def names_no_other_site(_attack: Attack, page: Page) -> None:
    assert EVIL not in page.response.get_data(as_text=True)
    assert EVIL not in str(page.headers)


def is_recorded_as_here(attack: Attack, page: Page) -> None:
    """The audit log believes the connection, not what it says of itself."""
    names_no_other_site(attack, page)
    last = sa.select(AuditEntry.address).order_by(AuditEntry.position.desc()).limit(1)
    assert db.session.scalar(last) == "127.0.0.1"


def has_setting(name: str, value: Any, send: Callable[[Attack], Page]) -> Callable[[Attack], Page]:
    """Send it to a portal that has one setting otherwise."""

    def sent(attack: Attack) -> Page:
        config = attack.client.app.config
        before = config.get(name)
        config[name] = value
        try:
            return send(attack)
        finally:
            config[name] = before

    return sent


def asked(name: str, status: int, says: str = "", path: str = FILE, **headers: str) -> Row:
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    return Row(f"header: {name}", get(path, headers=sent), status, says)


def body(name: str, status: int, says: str, content: bytes, kind: str, token: bool = True) -> Row:
    """Write a note by a body that no form of ours makes."""

    def send(attack: Attack) -> Page:
        headers = {"X-CSRFToken": attack.client.csrf_token()} if token else {}
        path = attack.address("/tasks/{task_id}/notes")
        return attack.client._open(
            path, method="POST", data=content, content_type=kind, headers=headers
        )

    return Row(f"body: {name}", send, status, says)


def method(verb: str, path: str, status: int, says: str = "", **headers: str) -> Row:
    def send(attack: Attack) -> Page:
        given = {"X-CSRFToken": attack.client.csrf_token()}
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        return attack.client._open(attack.address(path), method=verb, headers=given)

    return Row(f"method: {verb} {path} {' '.join(headers)}".strip(), send, status, says)


def piece(name: str, status: int, says: str, content: bytes = b"x", **headers: str) -> Row:
    """Send one piece of one's own upload, with headers that lie."""
    given = {**PIECE, **{key.replace("_", "-"): value for key, value in headers.items()}}

    send = tus("PATCH", "/uploads/{token}", given, content)
    return Row(f"upload: {name}", send, status, says, by="supported_contributor")


def begin(
    name: str,
    status: int,
    says: str,
    length: str = "10",
    filename: str = "方案.pdf",
    said: str | None = None,
) -> Row:
    def send(attack: Attack) -> Page:
        coded = metadata(filename=filename, task=str(attack.ids["task_id"]))
        headers = {"Upload-Length": length, "Upload-Metadata": coded if said is None else said}
        return tus("POST", "/uploads", headers)(attack)

    return Row(f"upload: {name}", send, status, says)


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NOT_TAKEN = "不接受这种操作"

ROWS = [
    Row(
        "header: forged Host where the portal knows its names",
        has_setting("TRUSTED_HOSTS", ["localhost"], get("/login", headers={"Host": EVIL})),
        400,
        "请从门户的正式网址访问",
        by=NOBODY,
        check=names_no_other_site,
    ),
    Row(
        "header: forged Host makes no link",
        get("/login?next=/tasks", headers={"Host": EVIL}),
        200,
        "登录",
        by=NOBODY,
        check=names_no_other_site,
    ),
    Row(
        "header: X-Forwarded-* without a proxy",
        get(
            "/tasks/0",
            headers={
                "X-Forwarded-For": "6.6.6.6",
                "X-Forwarded-Host": EVIL,
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Prefix": f"//{EVIL}",
                "X-Real-IP": "6.6.6.6",
                "Forwarded": f"for=6.6.6.6;host={EVIL}",
            },
        ),
        404,
        "没有找到",
        check=is_recorded_as_here,
    ),
    Row(
        "header: X-Original-URL leads nowhere else",
        get(
            "/tasks/0", headers={"X-Original-URL": "/admin/users", "X-Rewrite-URL": "/admin/users"}
        ),
        404,
        "没有找到",
    ),
    Row(
        "header: HX-Current-URL of elsewhere, logged out",
        get("/tasks", htmx=True, headers={"HX-Current-URL": f"https://{EVIL}/x"}),
        204,
        by=NOBODY,
        check=names_no_other_site,
    ),
    Row(
        "header: HX-Request on an error",
        get("/tasks/0", htmx=True, headers={"HX-Target": "<script>", "HX-Prompt": "<script>"}),
        404,
        "没有找到",
    ),
    Row(
        "header: foreign Referer on an error page",
        get("/tasks/0", headers={"Referer": f"https://{EVIL}/"}),
        404,
        "没有找到",
        check=names_no_other_site,
    ),
    asked("Range turned round", 200, Range="bytes=9-1"),
    asked("Range beyond the end", 416, Range="bytes=99999999-"),
    asked("Range of nothing", 200, Range="bytes=-0"),
    asked("Range in no unit of ours", 200, Range="lines=1-2"),
    asked("Range that is nonsense", 200, Range="bytes=a-b,,,-"),
    asked("Range of a number without end", 416, Range=f"bytes={'9' * 400}-"),
    asked("a thousand Ranges", 200, Range="bytes=" + ",".join(["0-1"] * 1000)),
    asked("If-None-Match nonsense", 200, If_None_Match='"\'; DROP TABLE--", W/"'),
    asked("If-Match of another file", 412, If_Match='"x"'),
    asked("If-Modified-Since nonsense", 200, If_Modified_Since="yesterday"),
    asked("If-Range nonsense", 200, If_Range="x" * 500, Range="bytes=0-1"),
    asked("Accept that is nonsense", 200, path="/tasks", Accept=";;q=x,*/*;q=999"),
    asked("Accept-Language that is nonsense", 200, path="/tasks", Accept_Language="-,zh;q=a"),
    body("JSON in the place of a form", 422, "请写明进展情况", b'{"body": "x"}', JSON),
    body("JSON of another shape", 422, "", b'{"progress": {"a": 1}, "body": ["x", {}]}', JSON),
    body("JSON that is a list", 422, "请写明", b"[1, 2]", JSON),
    body("JSON that is a number", 422, "请写明", b"1", JSON),
    body("JSON that is nothing", 422, "请写明", b"null", JSON),
    body("JSON that is broken", 422, "请写明", b'{"body"', JSON),
    body("JSON a hundred thousand deep", 422, "请写明", b"[" * 100_000, JSON),
    body("JSON without a token", 400, "刷新后再提交", b'{"body": "x"}', JSON, False),
    body("text/plain without a token", 400, "刷新后再提交", b"body=x", "text/plain", False),
    body("form data without a boundary", 422, "请写明", b"--x", "multipart/form-data"),
    body(
        "form data that ends in the middle",
        422,
        "请写明",
        b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\nhalf',
        "multipart/form-data; boundary=x",
    ),
    body("no content type", 422, "请写明进展情况", b"body=x&progress=5", ""),
    body("a charset of long ago", 422, "请写明", b"+AGI-ody=x", FORM + "; charset=utf-7"),
    body("text of 5 MB in one field", 413, "太大", b"body=" + b"x" * 5_000_000, FORM),
    body(
        "three thousand fields",
        413,
        "太大",
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % n
            for n in range(3000)
        )
        + b"--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    Row(
        "body: a file of 5 MB before anybody is logged in",
        lambda attack: attack.client._open(
            "/login",
            method="POST",
            data=(
                b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
                + bytes(5_000_000)
                + b"\r\n--x--\r\n"
            ),
            content_type="multipart/form-data; boundary=x",
            headers={"X-CSRFToken": attack.client.csrf_token()},
        ),
        413,
        "太大",
        by=NOBODY,
    ),
    method("GET", "/tasks/{task_id}/start", 405, NOT_TAKEN),
    method("GET", "/logout", 405, NOT_TAKEN),
    method("GET", "/closure/bulk", 405, NOT_TAKEN),
    method("GET", "/tasks/{task_id}/notes?progress=90&body=x", 405, NOT_TAKEN),
    method("PUT", "/tasks/{task_id}", 405, NOT_TAKEN),
    method("DELETE", "/evidence/{evidence_id}", 405, NOT_TAKEN),
    method("PATCH", "/tasks/{task_id}", 405, NOT_TAKEN),
    method("PROPFIND", "/tasks", 405, NOT_TAKEN),
    method("TRACE", "/tasks", 405, NOT_TAKEN),
    method("POST", "/evidence/{evidence_id}", 405, NOT_TAKEN, X_HTTP_Method_Override="DELETE"),
    method("POST", "/evidence/{evidence_id}?_method=DELETE", 405, NOT_TAKEN),
    method("GET", "/evidence/{evidence_id}", 200, X_HTTP_Method_Override="POST"),
    piece("beyond what was announced", 413, "比文件还大", b"x" * 5000),
    piece("at an offset to come", 409, "进度不符", Upload_Offset="5"),
    piece("at a negative offset", 400, INCOMPLETE, Upload_Offset="-1"),
    piece("at an offset of another script", 400, INCOMPLETE, Upload_Offset="+1"),
    piece("of another content type", 415, "类型不符", Content_Type="text/html"),
    piece("in another version", 412, "版本不符", Tus_Resumable="0.2.1"),
    begin("of a negative size", 400, INCOMPLETE, "-5"),
    begin("of a petabyte", 413, "超过了", "999999999999999"),
    begin("of a size without end", 400, INCOMPLETE, "9" * 40),
    begin("of nothing", 422, "是空文件", "0"),
    begin("with metadata that is no Base64", 400, INCOMPLETE, said="filename !!!"),
    begin("with metadata that is no UTF-8", 400, INCOMPLETE, said="filename /w=="),
    begin("of a program", 422, "不能上传", filename="x.exe"),
    begin("whose name climbs to nothing", 422, "文件没有名字", filename="../../.."),
    begin("whose name holds a line break", 422, "控制字符", filename="a\r\nX: y.pdf"),
    Row("upload: begun without a token", post("/uploads", {"csrf_token": ""}), 400, "刷新后再提交"),
]
