"""What no client sends: bytes on a socket that are not quite HTTP, or lie about their length."""

from __future__ import annotations

from dataclasses import dataclass

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True)
class Bytes:
    """``status`` is that of the first answer; 0 means that the connection was closed on us."""

    name: str
    sent: bytes
    status: int
    # What must not stand anywhere in the answer.
    without: bytes = b"evil.example"


def get(path: bytes, *headers: bytes, host: bytes = b"localhost", version: bytes = b"1.1") -> bytes:
    lines = [b"GET " + path + b" HTTP/" + version, b"Host: " + host, b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"", b""])


def post(headers: bytes, body: bytes = b"") -> bytes:
    return (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        + FORM
        + headers
        + b"\r\n"
        + body
    )


SECOND = b"GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n"

ROWS = [
    Bytes("honest", get(b"/login"), 200),
    Bytes("length longer than the body", post(b"Content-Length: 1000\r\n", b"username=x"), 400),
    Bytes("length that is negative", post(b"Content-Length: -5\r\n"), 400),
    Bytes("length with a sign", post(b"Content-Length: +5\r\n", b"a=bcd"), 400),
    Bytes("length in letters", post(b"Content-Length: five\r\n", b"a=bcd"), 400),
    Bytes("length of 2 TB", post(b"Content-Length: 2000000000000\r\n", b"a=b"), 413),
    Bytes("two lengths", post(b"Content-Length: 3\r\nContent-Length: 5\r\n", b"a=bcd"), 400),
    Bytes(
        "length and pieces: a request smuggled in",
        post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SECOND),
        400,
        without=b"HTTP/1.1 404",
    ),
    Bytes("pieces of no size", post(b"Transfer-Encoding: chunked\r\n", b"zz\r\nab\r\n"), 400),
    Bytes(
        "pieces of a huge size", post(b"Transfer-Encoding: chunked\r\n", b"F" * 40 + b"\r\n"), 400
    ),
    Bytes(
        "pieces that end in the middle", post(b"Transfer-Encoding: chunked\r\n", b"5\r\nab"), 400
    ),
    Bytes("an unknown encoding", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 501),
    Bytes("header of 100 kB", get(b"/login", b"X: " + b"x" * 100_000), 431),
    Bytes("cookie of 60 kB", get(b"/login", b"Cookie: session=" + b"x" * 60_000), 431),
    Bytes("a thousand headers", get(b"/login", *(b"X-%d: 1" % n for n in range(1000))), 431),
    Bytes("NUL in a header", get(b"/login", b"X: a\0b"), 400),
    Bytes("blank in a header's name", get(b"/login", b"X Y: 1"), 400),
    Bytes("header without a colon", get(b"/login", b"nonsense"), 400),
    Bytes("header folded as long ago", get(b"/login", b"X: 1\r\n  2"), 400),
    Bytes("address of 20 kB", get(b"/" + b"x" * 20_000), 414),
    Bytes("whole address of another site", get(b"http://evil.example/login"), 200),
    Bytes("address that begins like a host", get(b"//evil.example/"), 404),
    Bytes("address that climbs", get(b"/static/../../portal/config.py"), 404),
    Bytes("address of bytes", get(b"/\xff\xfe"), 400),
    Bytes("address that is none", get(b"login"), 400),
    Bytes("name that holds markup", get(b"/login", host=b'"><script>evil.example'), 200),
    Bytes("no name at all", b"GET /login HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
    Bytes("two names", get(b"/login", b"Host: evil.example"), 400),
    Bytes("HTTP of the future", get(b"/login", version=b"9.9"), 400),
    Bytes("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00" * 9 + b"\r\n\r\n", 400),
    Bytes("a verb of our own", b"ROB /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    Bytes("nothing", b"", 0),
]
