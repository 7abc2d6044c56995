"""``flask files scan``, ``sweep`` and ``verify``, on every kind of store."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock, scanner, storage
from portal.cli.progress import readable
from portal.extensions import db
from portal.models import Event, ScanState, StoredFile, Upload, UploadState
from portal.queries import fixity
from portal.services import scans
from portal.storage import Held, LocalFileStore, S3FileStore
from portal.storage.base import FileStore
from tests.factories import Scene, make_scene
from tests.factories.evidence import evidence_in, pdf_bytes
from tests.factories.uploads import upload_of
from tests.support.clamd import STREAM_LIMIT, ClamdServer, infected
from tests.support.commands import Run


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


def kept(scene: Scene, content: bytes = b"", scan: ScanState = ScanState.WAITING) -> StoredFile:
    """A stored file with evidence, as an upload at that state of the scanner left it."""
    file = evidence_in(scene.pairing, by=scene.supported_coordinator, content=content).file
    file.scan = scan
    return file


# Scan.


def test_waiting_files_are_scanned_when_the_scanner_is_back(
    stored_in: FileStore, scene: Scene, clamd: ClamdServer, run: Run
) -> None:
    clean, bad = kept(scene), kept(scene)
    also_bad = kept(scene)
    replace_bytes(bad, infected(pdf_bytes("一")))
    replace_bytes(also_bad, infected(pdf_bytes("二")))
    result = run("files", "scan")
    assert result.exit_code == 0, result.output
    assert "1 clean, 2 infected." in result.output
    assert (clean.scan, clean.usable) == (ScanState.CLEAN, True)
    assert (bad.scan, also_bad.scan) == (ScanState.INFECTED, ScanState.INFECTED)
    assert clean.scanned_at is not None
    assert bad.scanned_at is not None
    assert stored_in.exists(clean.sha256)
    assert not stored_in.exists(bad.sha256)
    assert f"file {bad.id} {bad.name}" in result.output
    assert run("files", "scan").output == "0 clean, 0 infected.\n"


def replace_bytes(file: StoredFile, content: bytes) -> None:
    """Let the file have got in while nobody scanned."""
    stored = storage.store().save(io.BytesIO(content))
    file.sha256, file.size = stored.sha256, stored.size


def test_history_of_the_evidence_tells_of_the_virus(
    session: Any, scene: Scene, clamd: ClamdServer, run: Run
) -> None:
    piece = evidence_in(scene.pairing, by=scene.supported_coordinator)
    piece.file.scan = ScanState.WAITING
    replace_bytes(piece.file, infected(pdf_bytes()))
    run("files", "scan")
    found = sa.select(Event).where(Event.action == "file_infected")
    event = session.scalars(found).one()
    assert (event.object_type, event.object_id) == ("evidence", piece.id)
    assert (event.actor_name, event.tone) == ("系统", "danger")
    assert ["处理", "内容已删除"] in event.details
    assert not piece.file.usable


def test_bytes_that_already_counted_are_closed_but_not_destroyed(
    session: Any, scene: Scene, clamd: ClamdServer, run: Run
) -> None:
    content = infected(pdf_bytes("同"))
    first, second = kept(scene, scan=ScanState.NOT_SCANNED), kept(scene)
    replace_bytes(first, content)
    replace_bytes(second, content)
    result = run("files", "scan")
    assert {first.scan, second.scan} == {ScanState.INFECTED}
    assert storage.store().exists(first.sha256)
    assert "kept but closed" in result.output
    events = session.scalars(sa.select(Event).where(Event.action == "file_infected")).all()
    assert len(events) == 2
    assert all(["处理", "内容已封存，不能打开"] in event.details for event in events)
    assert run("files", "verify").exit_code == 0


def test_everything_is_scanned_anew_when_asked(scene: Scene, clamd: ClamdServer, run: Run) -> None:
    never, before = kept(scene, scan=ScanState.NOT_SCANNED), kept(scene, scan=ScanState.CLEAN)
    assert run("files", "scan").output == "0 clean, 0 infected.\n"
    assert run("files", "scan", "--all").output == "2 clean, 0 infected.\n"
    assert {never.scan, before.scan} == {ScanState.CLEAN}


def test_files_wait_on_while_the_scanner_is_down(scene: Scene, clamd_down: None, run: Run) -> None:
    file = kept(scene)
    result = run("files", "scan")
    assert result.exit_code == 1
    assert "does not answer" in result.output
    assert file.scan is ScanState.WAITING


def test_command_says_that_no_scanner_is_set(scene: Scene, run: Run) -> None:
    kept(scene)
    result = run("files", "scan")
    assert result.exit_code == 1
    assert "PORTAL_CLAMD" in result.output


def test_one_file_that_cannot_be_scanned_does_not_hold_up_the_rest(
    scene: Scene, clamd: ClamdServer, run: Run
) -> None:
    large, lost, small = kept(scene), kept(scene), kept(scene)
    replace_bytes(large, pdf_bytes() + bytes(STREAM_LIMIT))
    storage.store().delete(lost.sha256)
    result = run("files", "scan")
    assert result.exit_code == 1
    assert "2 could not be scanned" in result.output
    assert f"file {large.id}" in result.output
    assert f"file {lost.id}" in result.output
    assert [large.scan, lost.scan, small.scan] == [
        ScanState.WAITING,
        ScanState.WAITING,
        ScanState.CLEAN,
    ]


def test_waiting_files_are_found_page_by_page(scene: Scene) -> None:
    hashes = sorted(kept(scene).sha256 for _ in range(5))
    assert scans.next_to_scan("", limit=3) == hashes[:3]
    assert scans.next_to_scan(hashes[2], limit=3) == hashes[3:]
    assert scans.next_to_scan(hashes[4]) == []
    assert scanner.scan(io.BytesIO(b"x")) is ScanState.NOT_SCANNED


# Sweep.


def test_sweep_removes_what_no_row_names_after_a_day(
    stored_in: FileStore, scene: Scene, run: Run
) -> None:
    wanted = kept(scene)
    stray = stored_in.save(io.BytesIO(b"nobody knows me")).sha256
    stored_in.append("forgotten-by-everybody", 0, io.BytesIO(b"half a file"))
    result = run("files", "sweep")
    assert "0 unfinished and 0 without a record removed" in result.output
    assert stored_in.exists(stray)
    with time_machine.travel(clock.machine() + timedelta(hours=25)):
        result = run("files", "sweep")
    assert "1 unfinished and 1 without a record removed (15 B)" in result.output
    assert not stored_in.exists(stray)
    assert [held.sha256 for held in stored_in.held()] == [wanted.sha256]
    assert list(stored_in.incoming()) == []


def test_sweep_leaves_uploads_that_may_go_on(stored_in: FileStore, scene: Scene, run: Run) -> None:
    by = scene.supported_coordinator
    receiving = upload_of(scene.pairing, by=by)
    asking = upload_of(scene.pairing, by=by, state=UploadState.ASKING)
    cancelled = upload_of(scene.pairing, by=by, state=UploadState.CANCELLED)
    with time_machine.travel(clock.machine() + timedelta(days=6)):
        result = run("files", "sweep")
    assert "0 uploads cancelled after seven days; 1 unfinished" in result.output
    assert {name for name, _ in stored_in.incoming()} == {receiving.token, asking.token}
    assert cancelled.token not in {name for name, _ in stored_in.incoming()}


def test_sweep_cancels_uploads_nobody_came_back_to(
    stored_in: FileStore, session: Any, scene: Scene, run: Run
) -> None:
    by = scene.supported_coordinator
    old = [
        upload_of(scene.pairing, by=by, state=state).id
        for state in (UploadState.RECEIVING, UploadState.ASKING, UploadState.CANCELLED)
    ]
    with time_machine.travel(clock.machine() + timedelta(days=8)):
        fresh = upload_of(scene.pairing, by=by, content=b"")
        result = run("files", "sweep")
        assert "2 uploads cancelled after seven days; 3 unfinished" in result.output
        assert run("files", "sweep").output.startswith("0 uploads cancelled")
    assert {session.get(Upload, number).state for number in old} == {UploadState.CANCELLED}
    assert fresh.state is UploadState.RECEIVING
    assert list(stored_in.incoming()) == []


def test_sweep_removes_what_a_killed_save_left(app: Any, scene: Scene, run: Run) -> None:
    store = storage.store()
    assert isinstance(store, LocalFileStore)
    left = store.root / "incoming" / "tmp-abcd1234"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    assert run("files", "sweep").exit_code == 0
    assert left.exists()
    with time_machine.travel(clock.machine() + timedelta(days=2)):
        assert run("files", "sweep").exit_code == 0
    assert not left.exists()


class SavedMeanwhile(LocalFileStore):
    """A folder in which every file is uploaded again right after the sweep has listed it."""

    def held(self) -> Iterator[Held]:
        for held in super().held():
            with self.open(held.sha256) as stream:
                self.save(stream)
            yield held


def test_sweep_spares_old_bytes_that_are_uploaded_at_that_moment(
    app: Flask, tmp_path: Path, run: Run
) -> None:
    before, store = storage.store(), SavedMeanwhile(tmp_path)
    storage.use(store, upload_limit=app.config["UPLOAD_LIMIT"])
    try:
        stray = store.save(io.BytesIO(b"again")).sha256
        os.utime(store.path(stray), (0, 0))
        assert "0 without a record removed" in run("files", "sweep").output
        assert store.exists(stray)
    finally:
        storage.use(before, upload_limit=app.config["UPLOAD_LIMIT"])


# Verify.


def overwrite(store: FileStore, sha256: str, content: bytes) -> None:
    """Damage a stored file behind the portal's back."""
    if isinstance(store, S3FileStore):
        key = f"files/{sha256[:2]}/{sha256}"
        store.client.put_object(Bucket=store.bucket, Key=key, Body=content)
    elif isinstance(store, LocalFileStore):
        store.path(sha256).write_bytes(content)


def test_verify_names_what_is_missing_or_changed(
    stored_in: FileStore, scene: Scene, run: Run
) -> None:
    good, changed, cut, missing = (kept(scene, scan=ScanState.CLEAN) for _ in range(4))
    again = kept(scene, scan=ScanState.CLEAN)
    again.sha256, again.size, again.name = missing.sha256, missing.size, "又一份.pdf"
    assert run("files", "verify").output == f"{verified(4, scene)}: all as recorded.\n"
    with stored_in.open(changed.sha256) as stream:
        content = stream.read()
    overwrite(stored_in, changed.sha256, bytes([content[0] ^ 1]) + content[1:])
    overwrite(stored_in, cut.sha256, content[:-1])
    stored_in.delete(missing.sha256)
    result = run("files", "verify")
    assert result.exit_code == 1
    said = set(result.output.splitlines()[:-1])
    assert said == {
        f"changed: {changed.sha256} file {changed.id} {changed.name}",
        f"changed: {cut.sha256} file {cut.id} {cut.name}",
        f"missing: {missing.sha256} file {missing.id} {missing.name}; file {again.id} 又一份.pdf",
    }
    assert result.output.endswith("3 faults.\n")
    assert good.sha256 not in result.output


def verified(files: int, scene: Scene) -> str:
    sizes = sa.select(StoredFile.sha256, sa.func.max(StoredFile.size)).group_by(StoredFile.sha256)
    total = sum(size for _, size in db.session.execute(sizes))
    return f"verified {files} of {files} files, {readable(total)}"


def test_bytes_removed_for_a_virus_are_not_missed(scene: Scene, run: Run) -> None:
    file = kept(scene, scan=ScanState.INFECTED)
    storage.store().delete(file.sha256)
    assert run("files", "verify").exit_code == 0


def test_everything_is_read_back_over_many_pages(scene: Scene) -> None:
    files = [kept(scene) for _ in range(5)]
    storage.store().delete(files[3].sha256)
    db.session.commit()
    checked = list(fixity.read_back(page_size=2))
    assert [one.sha256 for one in checked] == sorted(file.sha256 for file in files)
    assert {one.sha256 for one in checked if one.fault} == {files[3].sha256}
    assert fixity.count_hashes() == 5


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_345_678, "2.3 MB"), (5e15, "5000.0 TB")],
)
def test_sizes_are_readable(size: float, said: str) -> None:
    assert readable(size) == said
