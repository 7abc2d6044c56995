"""Migrations up, down and up again with a row in every table, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import clock
from portal.extensions import db
from portal.models import (
    Assessment,
    Base,
    Evidence,
    Handover,
    Invitation,
    ParkedForm,
    RecoveryCode,
    Setting,
    Side,
    SubmittedForm,
    Task,
    TaskState,
    Upload,
    UploadLink,
    UserIdentity,
    UserSession,
)
from portal.services import assessments, tasks
from portal.services.closure import request_closure
from portal.services.minutes import ResolutionEntry
from tests.factories import Scene, make_scene
from tests.factories.accounts import make_hospital_with_base
from tests.factories.assessments import fill_self
from tests.factories.closures import closed, only_round
from tests.factories.every_row import make_row_of_each
from tests.factories.evidence import evidence_for, evidence_in, rejected
from tests.factories.meetings import draft_minutes
from tests.factories.plans import make_library_task
from tests.factories.provinces import make_everything
from tests.support.apps import ROOT, build_app, dispose, migrate

MIGRATIONS = ROOT / "migrations"

REBUILDS_EVERY_TABLE = '''"""Rebuild every table, as a change of any column does on SQLite."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None

TABLES = {tables}


def upgrade():
    rebuild = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    for name in TABLES:
        with op.batch_alter_table(name, recreate=rebuild) as table:
            table.add_column(sa.Column("added", sa.Integer(), nullable=True))


def downgrade():
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.drop_column("added")
'''


@pytest.fixture
def migrated(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    yield app
    dispose(app)


def tables_in(app: Flask) -> set[str]:
    with app.app_context():
        return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def row_counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            table.name: db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def fill(app: Flask) -> None:
    """Put at least one row into every table."""
    with app.app_context(), time_machine.travel("2021-03-15T09:00:00+08:00"):
        scene = make_scene()
        make_everything(scene)
        make_what_is_left(scene)
        db.session.commit()


def make_what_is_left(scene: Scene) -> None:
    """Add the rows that make_everything() has no page for."""
    make_hospital_with_base()
    make_library_task("A-01")
    task = db.session.query(Task).filter_by(supported_owner_id=scene.supported_contributor.id)
    begun = task.filter_by(pairing_id=scene.pairing_id, state=TaskState.IN_PROGRESS).one()
    tasks.add_note(begun, progress=90, body="制度已印发。", actor=scene.supported_coordinator)
    request_closure(begun, statement="已按标准完成。", actor=scene.supported_coordinator)
    assessment = db.session.query(Assessment).one()
    fill_self(scene, assessment, Side.SUPPORTED, {})
    assessments.submit_self(assessment, actor=scene.supported_coordinator)
    linked = ResolutionEntry("按期完成", Side.SUPPORTED, task_id=begun.id)
    draft_minutes(scene, resolutions=[linked])
    db.session.add(SubmittedForm(key="a key", at=clock.now()))
    db.session.flush()
    make_records(scene, begun)
    make_row_of_each(scene)


def make_records(scene: Scene, task: Task) -> None:
    """Add the rows of access, uploads and the audit log."""
    one, other, now = scene.supported_coordinator, scene.supported_contributor, clock.now()
    later = now + timedelta(hours=1)
    link = UploadLink(token_hash="1", task=task, user=one, created_at=now, expires_at=later)
    db.session.add_all(
        [
            UserSession(token_hash="1", user=one, created_at=now, seen_at=now),
            RecoveryCode(user_id=one.id, code_hash="1", created_at=now),
            Invitation(
                token_hash="1", user=one, created_by=other, created_at=now, expires_at=later
            ),
            UserIdentity(provider="hospital", subject="1", user=one, linked_at=now),
            Handover(from_user=one, to_user=other, made_by=one, made_at=now, reason="调岗"),
            ParkedForm(token_hash="1", user_id=one.id, path="/", created_at=now),
            Setting(name="second_factor_roles", value=[], changed_at=now),
            link,
            Upload(
                token="1",
                user=one,
                pairing_id=task.pairing_id,
                task=task,
                link=link,
                name="制度.pdf",
                evidence_on=clock.today(),
                size=1,
                created_at=now,
                touched_at=now,
            ),
        ]
    )
    db.session.flush()


def go(app: Flask, step: str, revision: str, directory: Path = MIGRATIONS) -> None:
    with app.app_context():
        getattr(flask_migrate, step)(directory=str(directory), revision=revision)
    dispose(app)


def test_every_table_gets_a_row(migrated: Flask) -> None:
    """What the tests below rest on: whoever adds a model adds a row of it to fill()."""
    fill(migrated)
    assert [name for name, rows in row_counts(migrated).items() if not rows] == []


def test_migrations_make_just_the_tables_of_the_models(migrated: Flask) -> None:
    assert tables_in(migrated) == set(Base.metadata.tables)
    with migrated.app_context():
        # Exits with an error where the models say something else than the migrations.
        flask_migrate.check(directory=str(MIGRATIONS))


def test_migrations_make_just_the_checks_of_the_models(migrated: Flask) -> None:
    """A rebuilt table keeps only the checks it is told of, and no comparison of columns sees it."""
    with migrated.app_context():
        inspector = sa.inspect(db.engine)
        made = {
            table.name: {str(one["name"]) for one in inspector.get_check_constraints(table.name)}
            for table in Base.metadata.sorted_tables
        }
        named = {
            table.name: {
                str(db.engine.dialect.identifier_preparer.format_constraint(one))
                for one in table.constraints
                if isinstance(one, sa.CheckConstraint)
            }
            for table in Base.metadata.sorted_tables
        }
    assert made == named


def test_down_leaves_nothing_and_up_makes_it_anew(migrated: Flask) -> None:
    fill(migrated)
    go(migrated, "downgrade", "base")
    assert tables_in(migrated) == set()
    go(migrated, "upgrade", "head")
    assert tables_in(migrated) == set(Base.metadata.tables)
    fill(migrated)
    assert sum(row_counts(migrated).values()) > len(Base.metadata.tables)


def test_rebuilding_every_table_loses_no_row(migrated: Flask, tmp_path: Path) -> None:
    """On SQLite a table is rebuilt to be altered, and dropping the old one with foreign keys on
    would take the children of a cascade along."""
    fill(migrated)
    before = row_counts(migrated)
    directory = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, directory, ignore=shutil.ignore_patterns("__pycache__"))
    heads = sorted((directory / "versions").glob("0*.py"))
    names = [table.name for table in Base.metadata.sorted_tables]
    script = REBUILDS_EVERY_TABLE.format(head=heads[-1].name[:4], tables=names)
    (directory / "versions" / "9999_rebuild.py").write_text(script)
    go(migrated, "upgrade", "head", directory)
    assert row_counts(migrated) == before
    go(migrated, "downgrade", "-1", directory)
    assert row_counts(migrated) == before
    with migrated.app_context():
        assert broken_references(db.session) == []


def broken_references(session: Any) -> list[Any]:
    if session.get_bind().dialect.name != "sqlite":
        return []
    return list(session.execute(sa.text("PRAGMA foreign_key_check")))


def test_foreign_keys_count_again_after_a_migration(migrated: Flask) -> None:
    fill(migrated)
    with migrated.app_context(), pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.text("DELETE FROM programmes"))


def test_pieces_shown_in_a_closed_round_are_accepted_under_four_eyes_alone(
    migrated: Flask,
) -> None:
    """And a rejected one never counts again, not even when the portal goes back and forth."""
    with migrated.app_context(), time_machine.travel("2021-03-15T09:00:00+08:00"):
        scene = make_scene()
        task = closed(scene)
        shown = task.evidence_uses[0].evidence
        later = evidence_for(task, by=scene.supported_coordinator).evidence
        refused = rejected(
            evidence_in(scene.pairing, by=scene.supported_coordinator), by=scene.centre
        )
        own = evidence_in(scene.pairing, by=scene.supported_coordinator)
        own.organisation_id = scene.centre.organisation_id or 0
        by_decider = evidence_in(scene.pairing, by=scene.supported_coordinator)
        by_decider.added_by = scene.centre
        request = only_round(task)
        request.evidence = [
            *request.evidence,
            *({"evidence_id": one.id, "requirement_id": None} for one in (own, by_decider)),
        ]
        db.session.commit()
        ids = [one.id for one in (shown, later, refused, own, by_decider)]
    go(migrated, "downgrade", "0001")
    go(migrated, "upgrade", "head")
    with migrated.app_context():
        pieces = [db.session.get_one(Evidence, one) for one in ids]
        assert [one.status.value for one in pieces] == [
            "accepted",
            "pending",
            "withdrawn",
            "pending",
            "pending",
        ]
        assert pieces[0].reviewed_by_id == only_round(pieces[0].uses[0].task).decided_by_id
        assert pieces[0].reviewed_at == only_round(pieces[0].uses[0].task).decided_at
        assert pieces[2].withdrawn_reason == "缺少印章"
