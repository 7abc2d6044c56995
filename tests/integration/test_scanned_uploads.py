"""What the scanner's answer means for an upload and for the file's page."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa

from portal import clock, storage
from portal.errors import Rejected
from portal.models import ScanState, StoredFile
from portal.services.files import store_upload
from tests.factories import Scene, make_scene
from tests.factories.evidence import pdf_bytes
from tests.support.clamd import STREAM_LIMIT, ClamdServer, infected


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def upload(scene: Scene, content: bytes, name: str = "方案.pdf") -> StoredFile:
    return store_upload(
        name, io.BytesIO(content), pairing=scene.pairing, actor=scene.supported_coordinator
    )


def test_upload_that_nobody_scans_says_so_and_counts(scene: Scene) -> None:
    file = upload(scene, pdf_bytes("无"))
    assert (file.scan, file.scanned_at, file.usable) == (ScanState.NOT_SCANNED, None, True)


def test_clean_upload_is_kept_as_clean(scene: Scene, clamd: ClamdServer) -> None:
    file = upload(scene, pdf_bytes("净"))
    assert (file.scan, file.usable) == (ScanState.CLEAN, True)
    assert file.scanned_at is not None
    assert file.scanned_at <= clock.now()
    assert storage.store().exists(file.sha256)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (infected(pdf_bytes()), "查出病毒，没有保存"),
        (pdf_bytes() + bytes(STREAM_LIMIT), "未能确认无毒，没有保存"),
    ],
    ids=["infected", "too large to scan"],
)
def test_upload_that_is_not_clean_is_not_kept(
    scene: Scene, session: Any, clamd: ClamdServer, content: bytes, said: str
) -> None:
    before, arriving = list(storage.store().held()), list(storage.store().incoming())
    with pytest.raises(Rejected) as refusal:
        upload(scene, content)
    assert "“方案.pdf”" in refusal.value.fields["file"]
    assert said in refusal.value.fields["file"]
    assert session.scalar(sa.select(sa.func.count(StoredFile.id))) == 0
    assert list(storage.store().held()) == before
    assert list(storage.store().incoming()) == arriving


def test_upload_waits_while_the_scanner_is_down(scene: Scene, clamd_down: None) -> None:
    file = upload(scene, pdf_bytes("等"))
    assert (file.scan, file.scanned_at, file.usable) == (ScanState.WAITING, None, False)
    assert storage.store().exists(file.sha256)
