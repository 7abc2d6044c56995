"""Backups made, read back and restored, with real commits on both databases."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal.audit.verify import verify
from portal.backup import BackupError, Manifest, restore_backup, verify_backup
from portal.backup.manifest import file_name
from portal.extensions import db
from portal.models import (
    AuditEntry,
    Invitation,
    Organisation,
    OrganisationKind,
    ScanState,
    StoredFile,
    Task,
    Upload,
    UploadLink,
    UploadState,
    User,
    UserSession,
)
from portal.storage import LocalFileStore, S3FileStore, StorageSettings
from tests.factories import make_organisation
from tests.factories.evidence import evidence_for
from tests.integration.test_migrations import broken_references, go
from tests.support.apps import migrate
from tests.support.backups import REVISIONS, Original, Place

FORMS = ("folder", "archive.tar")


def some_file(manifest: Manifest) -> str:
    return min(manifest.files)


# Whole.


@pytest.mark.parametrize("form", FORMS)
def test_operator_restores_into_an_empty_place_and_nothing_differs(
    original: Original, elsewhere: Place, tmp_path: Path, form: str
) -> None:
    manifest = original.place.back_up(tmp_path / form)
    assert len(manifest.files) >= 3
    assert manifest.holds.tables.keys() - {"alembic_version"} == original.place.rows().keys()
    restored = elsewhere.restore(tmp_path / form)
    assert (restored.written, restored.found) == (len(manifest.files), 0)
    assert elsewhere.rows() == original.place.rows()
    assert elsewhere.contents() == original.place.contents()
    assert set(elsewhere.contents()) == set(manifest.files)


def test_restored_portal_gives_new_rows_ids_of_their_own(working: Place) -> None:
    with working.app.app_context():
        before = db.session.scalar(sa.select(sa.func.max(Organisation.id)))
        assert make_organisation(OrganisationKind.HOSPITAL).id == before + 1
        db.session.commit()


def test_restored_portal_guards_its_records_as_before(working: Place) -> None:
    with working.app.app_context(), pytest.raises(sa.exc.DBAPIError):
        db.session.execute(sa.text("DELETE FROM audit_entries"))
    with working.app.app_context(), pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.text("UPDATE uploads SET user_id = 0"))


def test_operator_restores_over_tables_that_hold_no_records(
    original: Original, elsewhere: Place
) -> None:
    migrate(elsewhere.app)
    elsewhere.restore(original.backup)
    assert elsewhere.rows() == original.place.rows()


@pytest.mark.parametrize("form", FORMS)
def test_files_go_from_a_bucket_to_a_bucket(
    in_a_bucket: Place,
    elsewhere: Place,
    new_bucket: Callable[[], StorageSettings],
    tmp_path: Path,
    form: str,
) -> None:
    manifest = in_a_bucket.back_up(tmp_path / form)
    store = S3FileStore(new_bucket())
    target = Place(elsewhere.app, store)
    assert target.restore(tmp_path / form).written == len(manifest.files)
    assert target.rows() == in_a_bucket.rows()
    assert target.contents() == in_a_bucket.contents()
    store.delete(some_file(manifest))
    with pytest.raises(BackupError, match=f"{some_file(manifest)} is missing from the file store"):
        target.back_up(tmp_path / "again")
    store.client.close()


def test_backup_is_consistent_while_people_work(
    original: Original, working: Place, elsewhere: Place, tmp_path: Path
) -> None:
    before = original.manifest.holds.tables["evidence"]
    with somebody_uploading(working) as uploaded:
        begun = uploaded()
        manifest = working.back_up(tmp_path / "backup")
        ended = uploaded()
    assert before + begun <= manifest.holds.tables["evidence"] <= before + ended + 1
    assert verify_backup(tmp_path / "backup") == manifest
    elsewhere.restore(tmp_path / "backup")
    with elsewhere.app.app_context():
        assert broken_references(db.session) == []
        kept = set(db.session.scalars(sa.select(StoredFile.sha256)))
        assert verify(db.session()).position == manifest.holds.audit_position
    assert kept == set(elsewhere.contents())


@contextmanager
def somebody_uploading(place: Place) -> Iterator[Callable[[], int]]:
    """Upload on another connection until the end; gives how many uploads were committed."""
    place.use_its_files()
    with place.app.app_context():
        given = sa.select(Task.id, Task.supported_owner_id).where(Task.supported_owner_id > 0)
        task_id, user_id = db.session.execute(given).first() or (0, 0)
    enough, first, done = threading.Event(), threading.Event(), [0]

    def work() -> None:
        while not enough.is_set():
            with place.app.app_context():
                task, user = db.session.get(Task, task_id), db.session.get(User, user_id)
                assert task is not None
                assert user is not None
                evidence_for(task, by=user)
                db.session.commit()
            done[0] += 1
            first.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert first.wait(30)
        yield lambda: done[0]
    finally:
        enough.set()
        thread.join()


# What a backup looks like.


def test_sha256sum_accepts_the_list_of_a_backup(original: Original) -> None:
    said = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=original.backup,
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C"},
    ).stdout.splitlines()
    assert len(said) == len(original.manifest.files) + 2
    assert all(line.endswith(": OK") for line in said)


def test_backup_says_what_it_holds_and_no_secret_of_the_machine(original: Original) -> None:
    said = json.loads((original.backup / "manifest.json").read_text(encoding="utf-8"))
    assert said["holds"]["revision"] == REVISIONS[0]
    assert said["holds"]["tables"]["users"] > 10
    assert said["dialect"] in {"sqlite", "postgresql"}
    assert len(said["holds"]["audit_hash"]) == 64
    secret = original.place.app.config["SECRET_KEY"].encode()
    everything = [path for path in original.backup.rglob("*") if path.is_file()]
    assert [path for path in everything if secret in path.read_bytes()] == []


def test_backup_can_be_read_by_its_owner_alone(original: Original, tmp_path: Path) -> None:
    original.place.back_up(tmp_path / "backup.tar")
    assert (tmp_path / "backup.tar").stat().st_mode & 0o077 == 0
    assert original.backup.stat().st_mode & 0o077 == 0


def test_later_backup_shares_unchanged_files_with_an_earlier_one(
    original: Original, elsewhere: Place, tmp_path: Path
) -> None:
    monday = original.backup_in(tmp_path / "monday")
    (monday / file_name(max(original.manifest.files))).write_bytes(b"changed")
    original.place.back_up(tmp_path / "tuesday", reuse=monday)
    member = file_name(some_file(original.manifest))
    assert (tmp_path / "tuesday" / member).samefile(monday / member)
    elsewhere.restore(tmp_path / "tuesday")
    assert elsewhere.contents() == original.place.contents()


# Broken off.


def test_backup_that_fails_leaves_nothing_behind(original: Original, tmp_path: Path) -> None:
    place = original.with_files_in(tmp_path / "files")
    lost = some_file(original.manifest)
    place.store.delete(lost)
    for form in FORMS:
        with pytest.raises(BackupError, match=f"{lost} is missing from the file store"):
            place.back_up(tmp_path / form)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", [b"changed", b""], ids=["other", "shorter"])
def test_backup_refuses_a_file_that_changed_in_the_store(
    original: Original, tmp_path: Path, form: str, content: bytes
) -> None:
    place = original.with_files_in(tmp_path / "files")
    lost = some_file(original.manifest)
    (place.files / lost[:2] / lost[2:4] / lost).write_bytes(content)
    with pytest.raises(BackupError, match=lost):
        place.back_up(tmp_path / form)
    assert not (tmp_path / form).exists()


def test_operator_accepts_that_a_file_is_lost_and_restores_the_rest(
    original: Original, elsewhere: Place, tmp_path: Path
) -> None:
    place = original.with_files_in(tmp_path / "files")
    lost = some_file(original.manifest)
    place.store.delete(lost)
    manifest = place.back_up(tmp_path / "backup.tar", accept_missing=True)
    assert manifest.missing == [lost]
    elsewhere.restore(tmp_path / "backup.tar")
    assert elsewhere.rows() == place.rows()
    assert elsewhere.contents() == place.contents()


def test_bytes_of_a_virus_may_be_gone(working: Place, elsewhere: Place, tmp_path: Path) -> None:
    gone, kept = sorted(working.contents())[:2]
    with working.app.app_context():
        db.session.execute(
            sa.update(StoredFile)
            .where(StoredFile.sha256.in_([gone, kept]))
            .values(scan=ScanState.INFECTED)
        )
        db.session.commit()
    working.store.delete(gone)
    manifest = working.back_up(tmp_path / "backup")
    assert (manifest.missing, manifest.lost) == ([gone], [])
    elsewhere.restore(tmp_path / "backup")
    assert elsewhere.contents() == working.contents()
    assert kept in elsewhere.contents()


def test_backup_is_never_written_over_another(original: Original, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="exists already"):
        original.place.back_up(original.backup)
    with pytest.raises(BackupError, match="does not exist"):
        original.place.back_up(tmp_path / "nowhere" / "backup")


def test_database_without_a_portal_cannot_be_backed_up(elsewhere: Place, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="holds no portal"):
        elsewhere.back_up(tmp_path / "backup")


# Damaged.


def flip(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def flip_file(folder: Path, manifest: Manifest) -> None:
    flip(folder / file_name(some_file(manifest)))


def flip_database(folder: Path, manifest: Manifest) -> None:
    flip(folder / manifest.database, (folder / manifest.database).stat().st_size // 2)


def remove_file(folder: Path, manifest: Manifest) -> None:
    (folder / file_name(some_file(manifest))).unlink()


def remove_database(folder: Path, manifest: Manifest) -> None:
    (folder / manifest.database).unlink()


def remove_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / "manifest.json").unlink()


def remove_sums(folder: Path, manifest: Manifest) -> None:
    (folder / "SHA256SUMS").unlink()


def edit_manifest(folder: Path, manifest: Manifest) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"users": ', '"users": 1'))


def leave_a_file_out_of_the_sums(folder: Path, manifest: Manifest) -> None:
    path = folder / "SHA256SUMS"
    kept = [line for line in path.read_text().splitlines() if some_file(manifest) not in line]
    path.write_text("\n".join(kept) + "\n")


def add_a_file(folder: Path, manifest: Manifest) -> None:
    (folder / "files" / "more").write_bytes(b"more")


def scribble_into_the_sums(folder: Path, manifest: Manifest) -> None:
    (folder / "SHA256SUMS").write_text("nonsense\n")


DAMAGES = [
    (flip_file, "Changed since the backup was made:"),
    (flip_database, "Changed since the backup was made:"),
    (remove_file, "Missing from the backup:"),
    (remove_database, "Missing from the backup:"),
    (remove_manifest, r"manifest\.json missing"),
    (remove_sums, "SHA256SUMS missing"),
    (edit_manifest, "not the one that the backup was made with"),
    (leave_a_file_out_of_the_sums, "do not name the same files"),
    (add_a_file, "not named by it:"),
    (scribble_into_the_sums, "SHA256SUMS cannot be read"),
]


def test_damaged_backup_is_refused_before_anything_is_touched(
    original: Original, elsewhere: Place, tmp_path: Path
) -> None:
    for damage, said in DAMAGES:
        folder = original.backup_in(tmp_path / damage.__name__)
        damage(folder, original.manifest)
        with pytest.raises(BackupError, match=said):
            verify_backup(folder)
        with pytest.raises(BackupError, match=said):
            elsewhere.restore(folder)
    assert elsewhere.tables() == set()
    assert elsewhere.contents() == {}


def test_cut_archive_is_refused(original: Original, elsewhere: Place, tmp_path: Path) -> None:
    original.place.back_up(tmp_path / "backup.tar")
    content = (tmp_path / "backup.tar").read_bytes()
    for length in (len(content) // 2, 700, 100, 0):
        (tmp_path / "backup.tar").write_bytes(content[:length])
        with pytest.raises(BackupError):
            elsewhere.restore(tmp_path / "backup.tar")
    assert elsewhere.tables() == set()
    assert elsewhere.contents() == {}


def test_archive_with_a_link_that_leads_out_is_refused(
    original: Original, elsewhere: Place, tmp_path: Path
) -> None:
    manifest = original.place.back_up(tmp_path / "backup.tar")
    name = file_name(some_file(manifest))
    with (
        tarfile.open(tmp_path / "backup.tar") as good,
        tarfile.open(tmp_path / "bad.tar", "w") as bad,
    ):
        for member in good.getmembers():
            if member.name == name:
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
            bad.addfile(member, good.extractfile(member) if member.isfile() else None)
    with pytest.raises(BackupError, match=f"{name} is missing"):
        elsewhere.restore(tmp_path / "bad.tar")


def test_what_is_no_backup_is_refused(elsewhere: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("no archive")
    for source, said in [
        ("nothing", "There is no backup at"),
        ("empty", "no whole backup"),
        ("text.tar", r"cannot be read as a \.tar"),
    ]:
        with pytest.raises(BackupError, match=said):
            elsewhere.restore(tmp_path / source)


# Where a backup may not go.


def test_database_with_records_is_never_restored_over(original: Original, elsewhere: Place) -> None:
    migrate(elsewhere.app)
    with elsewhere.app.app_context():
        make_organisation(OrganisationKind.HOSPITAL)
        db.session.commit()
    before = elsewhere.rows()
    with pytest.raises(BackupError, match="already holds records"):
        elsewhere.restore(original.backup)
    assert elsewhere.rows() == before
    assert elsewhere.contents() == {}


def test_store_with_other_files_is_never_restored_over(
    original: Original, elsewhere: Place
) -> None:
    one = some_file(original.manifest)
    with original.place.store.open(one) as stream:
        elsewhere.store.save(stream)
    damaged = elsewhere.files / one[:2] / one[2:4] / one
    whole = damaged.read_bytes()
    damaged.write_bytes(b"half")
    with pytest.raises(BackupError, match=rf"are not those of the backup:\s+{one}"):
        elsewhere.restore(original.backup)
    assert elsewhere.tables() == set()
    # The same file, whole, is what a restore leaves that was broken off.
    damaged.write_bytes(whole)
    assert elsewhere.restore(original.backup).found == 1
    assert elsewhere.contents() == original.place.contents()


def test_backup_of_an_unknown_revision_is_refused(original: Original, elsewhere: Place) -> None:
    with pytest.raises(BackupError, match=f"revision {REVISIONS[0]}, which this portal does not"):
        elsewhere.restore(original.backup, revisions=REVISIONS[1:])
    assert elsewhere.tables() == set()


def test_backup_of_the_other_database_is_refused(original: Original, tmp_path: Path) -> None:
    """Shown with an engine alone: nothing is asked of it before the kinds are compared."""
    other = {"sqlite": "postgresql+psycopg://nobody@/nowhere", "postgresql": "sqlite://"}
    with pytest.raises(BackupError, match=f"The backup is of a {original.manifest.dialect} data"):
        restore_backup(
            original.backup,
            engine=sa.create_engine(other[original.manifest.dialect]),
            store=LocalFileStore(tmp_path / "files"),
            revisions=REVISIONS,
        )


# The commands.


def test_operator_backs_up_verifies_and_restores_by_command(
    working: Place, elsewhere: Place, tmp_path: Path
) -> None:
    before = working.rows()
    status, said = working.flask("backup", tmp_path / "b")
    assert (status, "Backed up to" in said, "tables" in said) == (0, True, True)
    status, said = elsewhere.flask("backup-verify", tmp_path / "b")
    assert (status, "The backup is whole" in said) == (0, True)
    status, said = elsewhere.flask("restore", tmp_path / "b")
    assert (status, "Restored: " in said) == (0, True)
    assert re.search(r"[1-9]\d* log-ins ended", said)
    assert re.search(r"[1-9]\d* unfinished uploads were cancelled", said)
    assert re.search(r"[1-9]\d* invitations and phone links were revoked", said)
    with elsewhere.app.app_context():
        states = set(db.session.scalars(sa.select(Upload.state)))
        usable_invitations = sa.select(Invitation.id).where(
            Invitation.used_at.is_(None), Invitation.revoked_at.is_(None)
        )
        open_sessions = sa.select(UserSession.id).where(UserSession.ended_at.is_(None))
        assert UploadState.CANCELLED in states
        assert states.isdisjoint({UploadState.RECEIVING, UploadState.ASKING})
        assert db.session.scalars(open_sessions).all() == []
        assert set(db.session.scalars(sa.select(UploadLink.revoked_at))).isdisjoint({None})
        assert db.session.scalars(usable_invitations).all() == []
    for one in (working, elsewhere):
        assert last_audit_title(one) == f"后台命令：{'backup' if one is working else 'restore'}"
    status, said = elsewhere.flask("audit", "verify", "--no-record")
    assert (status, "every link holds" in said) == (0, True)
    after = elsewhere.rows()
    settled = {
        "uploads",
        "user_sessions",
        "upload_links",
        "invitations",
        "audit_entries",
        "audit_head",
    }
    assert {name for name in before if before[name] != after[name]} <= settled


def last_audit_title(place: Place) -> str | None:
    with place.app.app_context():
        return db.session.scalar(
            sa.select(AuditEntry.title).order_by(AuditEntry.position.desc()).limit(1)
        )


def test_operator_is_told_in_a_sentence_with_status_one(
    original: Original, elsewhere: Place, tmp_path: Path
) -> None:
    place = original.place
    for where, command, said in [
        (place, ["backup", tmp_path], "exists already"),
        (place, ["backup", tmp_path / "b", "--reuse", tmp_path], "no backup in the folder"),
        (elsewhere, ["backup", tmp_path / "b"], "holds no portal"),
        (elsewhere, ["backup-verify", tmp_path / "b"], "There is no backup at"),
        (elsewhere, ["restore", tmp_path / "b"], "There is no backup at"),
    ]:
        status, output = where.flask(*command)
        assert status == 1
        assert output.startswith("Error: ")
        assert said in output


def test_backup_of_an_older_portal_is_migrated_after_it_is_restored(
    working: Place, elsewhere: Place, tmp_path: Path
) -> None:
    go(working.app, "downgrade", REVISIONS[-1])
    manifest = working.back_up(tmp_path / "old")
    assert manifest.holds.revision == REVISIONS[-1]
    status, said = elsewhere.flask("restore", tmp_path / "old")
    assert (status, f"migrating to {REVISIONS[0]}" in said) == (0, True)
    assert elsewhere.contents() == working.contents()
    with elsewhere.app.app_context():
        current = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
        kept = db.session.scalar(sa.select(sa.func.count(User.id)))
    assert (current, kept) == (REVISIONS[0], manifest.holds.tables["users"])
