"""Sending files: whole, in ranges, unchanged, by nginx or from the store's own address."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.http import http_date

from portal import storage
from portal.models import ScanState, StoredFile
from portal.storage import StorageSettings
from portal.storage.base import FileStore
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.evidence import evidence_in, pdf_bytes
from tests.support.pages import Page, PageClient

CONTENT = pdf_bytes("全文").ljust(1000, b".")
LAST = len(CONTENT) - 1


@pytest.fixture
def delivery(app: Flask) -> Iterator[Callable[[str], None]]:
    """Set PORTAL_DELIVERY for the test."""
    before: StorageSettings = app.config["STORAGE"]

    def set_to(way: str) -> None:
        app.config["STORAGE"] = replace(before, delivery=way)

    yield set_to
    app.config["STORAGE"] = before


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def a_file(scene: Scene, name: str = "方案.pdf", content: bytes = CONTENT) -> StoredFile:
    return evidence_in(
        scene.pairing, by=scene.supported_coordinator, name=name, content=content
    ).file


@pytest.fixture
def reader(client: PageClient, scene: Scene) -> PageClient:
    client.login(scene.supported_coordinator, PASSWORD)
    return client


def ask(reader: PageClient, file: StoredFile, **headers: str) -> Page:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reader.get(f"/files/{file.id}", headers=named)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=990-", 990, LAST),
        ("bytes=990-5000", 990, LAST),
        ("bytes=-1", LAST, LAST),
        ("bytes=-10", 990, LAST),
        ("bytes=-5000", 0, LAST),
        ("bytes=0-", 0, LAST),
    ],
)
def test_reader_gets_just_the_asked_range(
    stored_in: FileStore, scene: Scene, reader: PageClient, asked: str, first: int, last: int
) -> None:
    answer = ask(reader, a_file(scene), Range=asked)
    assert answer.status == 206
    assert answer.response.get_data() == CONTENT[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1001", "bytes=99999999999999-"])
def test_range_behind_the_end_cannot_be_had(scene: Scene, reader: PageClient, asked: str) -> None:
    answer = ask(reader, a_file(scene), Range=asked)
    assert (answer.status, answer.response.get_data()) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=b-a", "bytes=9-2", "bytes=", "x", "bytes=-0"]
)
def test_range_that_is_not_understood_gets_the_whole(
    stored_in: FileStore, scene: Scene, reader: PageClient, asked: str
) -> None:
    answer = ask(reader, a_file(scene), Range=asked)
    assert (answer.status, answer.response.get_data()) == (200, CONTENT)
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert "Content-Range" not in answer.headers


def test_range_is_given_only_of_the_bytes_the_reader_has(scene: Scene, reader: PageClient) -> None:
    file = a_file(scene)
    dated = http_date(file.uploaded_at)
    older = http_date(file.uploaded_at - timedelta(days=1))
    answers = {
        condition: ask(reader, file, Range="bytes=0-3", If_Range=condition).status
        for condition in (f'"{file.sha256}"', '"another"', dated, older)
    }
    assert list(answers.values()) == [206, 200, 206, 200]


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-None-Match", '"{sha256}"', 304),
        ("If-None-Match", '"other", "{sha256}"', 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"other"', 200),
        ("If-Modified-Since", "{date}", 304),
        ("If-Match", '"other"', 412),
        ("If-Match", '"{sha256}"', 200),
    ],
)
def test_reader_who_has_the_file_is_told_it_is_unchanged(
    scene: Scene, reader: PageClient, header: str, value: str, status: int
) -> None:
    file = a_file(scene)
    said = value.format(sha256=file.sha256, date=http_date(file.uploaded_at))
    answer = reader.get(f"/files/{file.id}", headers={header: said})
    assert answer.status == status
    assert answer.response.get_data() == (CONTENT if status == 200 else b"")
    assert answer.headers["ETag"] == f'"{file.sha256}"'


def test_head_tells_the_size_and_reads_nothing(
    stored_in: FileStore, scene: Scene, reader: PageClient
) -> None:
    file = a_file(scene)
    stored_in.delete(file.sha256)
    answer = reader.head(f"/files/{file.id}", headers={"Range": "bytes=0-1"})
    assert (answer.status, answer.response.get_data()) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{file.sha256}"'


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("plan.pdf", "plan.pdf"),
        ("全科 “方案”.pdf", "file.pdf"),
        ('a"; filename="b.pdf', "a filename=b.pdf"),
        ("百分%20.pdf", "file.pdf"),
    ],
)
def test_name_arrives_whole_and_breaks_out_of_nothing(
    scene: Scene, reader: PageClient, name: str, plain: str
) -> None:
    answer = reader.get(f"/files/{a_file(scene, name=name).id}", {"download": 1})
    kind, ascii_name, utf8_name = answer.headers["Content-Disposition"].split("; ", 2)
    assert (kind, ascii_name) == ("attachment", f'filename="{plain}"')
    encoded = utf8_name.removeprefix("filename*=UTF-8''")
    assert urllib.request.unquote(encoded) == name
    assert not set(encoded) & set('"; ,\\')


# What cannot be opened.


@pytest.mark.parametrize(
    ("scan", "said"),
    [(ScanState.WAITING, "待扫描"), (ScanState.INFECTED, "查出病毒，不能打开")],
)
@pytest.mark.parametrize("way", ["portal", "nginx", "redirect"])
def test_file_that_is_not_clean_is_not_sent(
    scene: Scene,
    reader: PageClient,
    delivery: Callable[[str], None],
    way: str,
    scan: ScanState,
    said: str,
) -> None:
    delivery(way)
    file = a_file(scene)
    file.scan = scan
    for query in ({}, {"download": 1}):
        answer = reader.get(f"/files/{file.id}", query)
        assert answer.status == 423
        assert said in answer.text
        assert "X-Accel-Redirect" not in answer.headers


@pytest.mark.parametrize("way", ["portal", "nginx"])
def test_file_whose_bytes_are_lost_is_named(
    scene: Scene, reader: PageClient, delivery: Callable[[str], None], way: str
) -> None:
    file = a_file(scene, content=pdf_bytes("lost"))
    storage.store().delete(file.sha256)
    delivery(way)
    answer = ask(reader, file)
    assert answer.status == 503
    assert f"文件编号 {file.id}" in answer.text


# By others.


def test_nginx_is_told_where_the_file_is(
    scene: Scene, reader: PageClient, delivery: Callable[[str], None]
) -> None:
    delivery("nginx")
    file = a_file(scene)
    answer = ask(reader, file)
    digest = file.sha256
    assert (answer.status, answer.response.get_data()) == (200, b"")
    headers = answer.headers
    assert headers["X-Accel-Redirect"] == f"/_files/{digest[:2]}/{digest[2:4]}/{digest}"
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("inline")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"


def test_stranger_is_told_no_address(
    scene: Scene, client: PageClient, delivery: Callable[[str], None]
) -> None:
    file = a_file(scene)
    client.login(scene.foreign_coordinator, PASSWORD)
    for way in ("nginx", "redirect"):
        delivery(way)
        answer = client.get(f"/files/{file.id}", {"download": 1})
        assert answer.status == 404
        assert {"X-Accel-Redirect", "Location"} & set(answer.headers.keys()) == set()


def test_download_is_fetched_from_the_store_itself(
    stored_in: FileStore, scene: Scene, reader: PageClient, delivery: Callable[[str], None]
) -> None:
    delivery("redirect")
    file = a_file(scene)
    answer = reader.get(f"/files/{file.id}", {"download": 1})
    if stored_in.path(file.sha256) is not None:
        assert (answer.status, answer.response.get_data()) == (200, CONTENT)
        return
    assert answer.status == 302
    assert answer.headers["Cache-Control"] == "private, no-store"
    with urllib.request.urlopen(answer.headers["Location"]) as fetched:
        assert fetched.read() == CONTENT
        assert fetched.headers["Content-Type"] == "application/pdf"
        assert fetched.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")


def test_preview_comes_from_the_portal_even_then(
    stored_in: FileStore, scene: Scene, reader: PageClient, delivery: Callable[[str], None]
) -> None:
    delivery("redirect")
    answer = ask(reader, a_file(scene))
    assert (answer.status, answer.response.get_data()) == (200, CONTENT)
