"""The virus scanner's client, against a real clamd and against servers that misbehave."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from portal import scanner
from portal.models import ScanState
from tests.factories.evidence import pdf_bytes
from tests.support.clamd import EICAR, STREAM_LIMIT, ClamdServer, infected, running_clamd


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("程序.com", content)
    return buffer.getvalue()


def test_nobody_is_asked_without_a_setting() -> None:
    assert scanner.at("").scan(io.BytesIO(EICAR)) is ScanState.NOT_SCANNED


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (pdf_bytes(), ScanState.CLEAN),
        (b"", ScanState.CLEAN),
        (bytes(3 * scanner.CHUNK), ScanState.CLEAN),
        (EICAR, ScanState.INFECTED),
        (infected(bytes(2 * scanner.CHUNK - 20)), ScanState.INFECTED),
        (zipped(EICAR), ScanState.INFECTED),
    ],
    ids=["PDF", "nothing", "three chunks", "virus", "virus across chunks", "virus in a ZIP"],
)
def test_real_scanner_judges(clamd: ClamdServer, content: bytes, state: ScanState) -> None:
    stream = io.BytesIO(content)
    stream.seek(0, io.SEEK_END)
    assert scanner.scan(stream) is state
    assert stream.tell() == 0


def test_file_larger_than_the_scanner_takes_is_named_as_such(clamd: ClamdServer) -> None:
    with pytest.raises(scanner.TooLargeToScan, match="size limit exceeded"):
        scanner.scan(io.BytesIO(bytes(STREAM_LIMIT + 1)))
    assert scanner.scan(io.BytesIO(b"the next one")) is ScanState.CLEAN


def test_scanner_that_is_down_leaves_the_file_waiting(clamd_down: None) -> None:
    stream = io.BytesIO(b"abc")
    assert scanner.scan(stream) is ScanState.WAITING
    assert stream.tell() == 0


def test_scanner_that_comes_back_is_asked_again() -> None:
    with running_clamd() as server:
        client = scanner.at(server.address)
        assert client.scan(io.BytesIO(b"abc")) is ScanState.CLEAN
        server.stop()
        assert client.scan(io.BytesIO(b"abc")) is ScanState.WAITING
        server.start()
        assert client.scan(io.BytesIO(EICAR)) is ScanState.INFECTED


Conversation = Callable[[socket.socket, BinaryIO], None]


@contextmanager
def pretended(conversation: Conversation) -> Iterator[str]:
    """A network server that holds one conversation of the given kind."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as heard:
            conversation(connection, heard)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def hear_all(heard: BinaryIO) -> bytes:
    """What the client sent by INSTREAM."""
    assert heard.read(10) == b"zINSTREAM\0"
    content = b""
    while size := int.from_bytes(heard.read(4), "big"):
        content += heard.read(size)
    return content


def saying(answer: bytes) -> Conversation:
    def hold(connection: socket.socket, heard: BinaryIO) -> None:
        assert hear_all(heard) == b"abc"
        connection.sendall(answer)

    return hold


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"stream: OK\0", ScanState.CLEAN),
        (b"stream: Some.Thing FOUND\0", ScanState.INFECTED),
        (b"stream: OK", ScanState.WAITING),
        (b"stream: OK and more\0", ScanState.WAITING),
        (b"stream: ok\0", ScanState.WAITING),
        (b" stream: OK\0", ScanState.WAITING),
        (b"other: OK\0", ScanState.WAITING),
        (b"stream: Can't allocate memory ERROR\0", ScanState.WAITING),
        (b"UNKNOWN COMMAND\0", ScanState.WAITING),
        (b"\0", ScanState.WAITING),
        (b"", ScanState.WAITING),
        (b"x" * 9000, ScanState.WAITING),
    ],
)
def test_only_exactly_ok_is_clean(answer: bytes, state: ScanState) -> None:
    with pretended(saying(answer)) as address:
        assert scanner.at(address).scan(io.BytesIO(b"abc")) is state


def test_silent_scanner_is_not_waited_for_for_ever() -> None:
    done = threading.Event()

    def silent(_connection: socket.socket, _heard: BinaryIO) -> None:
        done.wait(5)

    with pretended(silent) as address:
        client = scanner.Clamd(address, answer_seconds=0.2)
        assert client.scan(io.BytesIO(b"abc")) is ScanState.WAITING
        done.set()
