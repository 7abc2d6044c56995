"""The chain of the audit log: sealed with every commit, unbroken, and told when it is not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DatabaseError

from portal.audit.entry import (
    FORMAT,
    LINKS,
    SEALED,
    SEALED_OF_EVENT,
    START,
    Entry,
    columns_of,
    link,
)
from portal.audit.fields import values_of
from portal.audit.verify import BrokenChain, Head, verify
from portal.extensions import db
from portal.models import AuditEntry, AuditHead, AuditKind, AuditResult, Event, Organisation
from portal.workflow import record
from tests.factories import make_organisation
from tests.factories.audit import (
    allow_rewriting,
    entries,
    forge,
    last_entry,
    make_entries,
    remove,
    rewrite,
)
from tests.support.apps import build_app, dispose, migrate
from tests.support.queries import count_queries

SEAL_OF_THE_FIRST_FORMAT = "7bc3feb796b5afd14b06f94071e89833aa8e1b03b23a34a93a6d127546d9d089"

BOTH = ("events", "audit_entries")


@pytest.fixture
def alone(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose commits are real, for several connections at once."""
    app = build_app(empty_database_url, tmp_path / "instance")
    migrate(app)
    yield app
    dispose(app)


# Sealing.


def test_every_commit_seals_its_changes_as_its_last_statement(app: Flask) -> None:
    hospital = make_organisation()
    with count_queries() as queries:
        hospital.city = "某市"
        record(hospital, "organisation", action="edited", title="修改单位信息", actor=None)
        db.session.commit()
    assert queries.texts[-1].startswith(("INSERT INTO audit_entries", "WITH moved AS"))
    assert len(queries.touching("audit_entries")) == 1
    entry = last_entry()
    event = db.session.scalars(sa.select(Event).filter_by(audit_uid=entry.uid)).one()
    assert (entry.title, entry.kind) == ("后台写入", AuditKind.COMMAND)
    assert event.changes == [["organisations.city", "海口市", "某市"]]
    assert verify(db.session()) == Head(entry.position, entry.hash)


def test_commit_that_changes_nothing_leaves_no_entry(app: Flask) -> None:
    hospital = make_organisation()
    db.session.commit()
    number = len(entries())
    hospital.city = str(hospital.city)
    db.session.commit()
    db.session.scalars(sa.select(Event)).all()
    db.session.commit()
    assert len(entries()) == number


def test_what_was_rolled_back_is_not_recorded(app: Flask) -> None:
    hospital = make_organisation()
    db.session.commit()
    number = len(entries())
    hospital.city = "某市"
    db.session.flush()
    db.session.rollback()
    db.session.commit()
    assert len(entries()) == number


def test_what_a_savepoint_undid_is_not_recorded_but_what_stood_before_is(app: Flask) -> None:
    hospital = make_organisation()
    db.session.commit()
    hospital.city = "留下"
    record(hospital, "organisation", action="edited", title="留下", actor=None)
    try:
        with db.session.begin_nested():
            record(hospital, "organisation", action="edited", title="撤销", actor=None)
            db.session.flush()
            raise LookupError
    except LookupError:
        pass
    db.session.commit()
    told = db.session.scalars(sa.select(Event.title).filter_by(audit_uid=last_entry().uid)).all()
    assert told == ["留下"]
    verify(db.session())


def test_statement_past_the_objects_is_recorded_by_its_table(app: Flask) -> None:
    hospital = make_organisation()
    db.session.commit()
    table = type(hospital)
    db.session.execute(sa.update(table).where(table.id == hospital.id).values(city="某市"))
    db.session.commit()
    assert last_entry().changes == [{"object": "organisations", "step": "statement"}]


def test_change_behind_what_is_kept_of_a_long_text_is_seen(app: Flask) -> None:
    beginning = "甲" * 2000
    old, new = values_of(f"{beginning}原文{'乙' * 2000}", f"{beginning}改写{'乙' * 2000}")
    assert "甲原文乙" in old
    assert "甲改写乙" in new
    assert old.endswith(f"（全文 4002 字，SHA-256 {old[-65:-1]}）")
    assert old[-65:] != new[-65:]
    assert max(len(old), len(new)) < 700
    assert values_of("短", beginning)[0] == "短"
    assert values_of([beginning], None)[1] is None


def test_failed_statement_tells_no_values_outside_development(tmp_path: Path) -> None:
    app = build_app(f"sqlite:///{tmp_path / 'x.sqlite'}", tmp_path, ENVIRONMENT="production")
    with app.app_context():
        assert db.engine.hide_parameters
    dispose(app)


def test_seal_of_the_first_format_stays_what_it_was() -> None:
    entry = Entry(AuditKind.CHANGE, "tasks.edit", "修改任务", changes=[["tasks.title", "甲", "乙"]])
    event = Event(object_type="task", object_id=3, action="edited", title="修改任务")
    event.at = at = datetime(2021, 3, 15, 1, tzinfo=UTC)
    row = columns_of(entry, "0" * 32, [event], at)
    assert link(START, row["sealed"]) == SEAL_OF_THE_FIRST_FORMAT
    for sealed, model in ((SEALED, AuditEntry), (SEALED_OF_EVENT, Event)):
        columns = {one.key for one in model.__table__.columns} - {*LINKS, "id", "audit_uid"}
        assert columns == set(sealed[FORMAT]), "a new column needs a new format"


def test_commit_fails_where_no_entry_can_be_added(app: Flask) -> None:
    """Nothing happens unrecorded: PostgreSQL without its head refuses to go on."""
    hospital = make_organisation()
    db.session.commit()
    if db.session.connection().dialect.name == "sqlite":
        db.session.connection().exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit_entries"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    else:
        db.session.connection().execute(sa.delete(AuditHead.__table__))
    hospital.city = "某市"
    with pytest.raises((RuntimeError, DatabaseError)):
        db.session.commit()
    db.session.rollback()


@pytest.mark.parametrize("table", BOTH)
@pytest.mark.parametrize("statement", ["UPDATE {} SET title = 'x'", "DELETE FROM {}"])
def test_database_itself_refuses_to_rewrite_the_record(
    app: Flask, table: str, statement: str
) -> None:
    make_entries(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        db.session.begin_nested(),
    ):
        db.session.connection().exec_driver_sql(statement.format(table))


# Telling where it is broken.


def change_a_title() -> None:
    rewrite(3, title="没有发生过")


def change_the_address() -> None:
    rewrite(3, address="203.0.113.9")


def change_the_time() -> None:
    moment = next(one.at for one in entries() if one.position == 1)
    rewrite(3, at=moment)


def take_out_the_actor() -> None:
    rewrite(3, actor_name="别人")


def change_the_changes() -> None:
    rewrite(3, changes=[{"object": "organisations", "fields": []}])


def change_what_is_sealed() -> None:
    rewrite(3, sealed="{}")


def seal_it_anew() -> None:
    """Text, seal and hash of one entry agree again; the next one still knows better."""
    forge(3, title="没有发生过")


def remove_from_the_middle() -> None:
    remove(3)


def remove_and_close_the_gap() -> None:
    remove(3)
    for position in (4, 5, 6):
        rewrite(position, position=position - 1)


def swap_two() -> None:
    rewrite(3, position=99)
    rewrite(4, position=3)
    rewrite(99, position=4)


def change_an_event() -> None:
    table = Event.__table__
    uid = next(one.uid for one in entries() if one.position == 3)
    db.session.connection().execute(
        sa.update(table).where(table.c.audit_uid == uid).values(comment="补写的意见")
    )


def remove_an_event() -> None:
    uid = next(one.uid for one in entries() if one.position == 3)
    db.session.connection().execute(
        sa.delete(Event.__table__).where(Event.__table__.c.audit_uid == uid)
    )


def add_an_event_to_it() -> None:
    uid = next(one.uid for one in entries() if one.position == 3)
    put_event(uid)


def put_event(uid: str | None) -> None:
    model = db.session.scalars(sa.select(Event).limit(1)).one()
    columns = [one.name for one in Event.__table__.columns if one.name not in ("id", "audit_uid")]
    row = {name: getattr(model, name) for name in columns}
    db.session.connection().execute(sa.insert(Event.__table__).values(**row, audit_uid=uid))


@pytest.mark.parametrize(
    ("tamper", "position", "what"),
    [
        (change_a_title, 3, "各栏内容与封存的内容不符"),
        (change_the_address, 3, "各栏内容与封存的内容不符"),
        (change_the_time, 3, "各栏内容与封存的内容不符"),
        (take_out_the_actor, 3, "各栏内容与封存的内容不符"),
        (change_the_changes, 3, "各栏内容与封存的内容不符"),
        (change_what_is_sealed, 3, "内容与校验值不符"),
        (seal_it_anew, 4, "与前一条不衔接"),
        (remove_from_the_middle, 3, "不见了"),
        (remove_and_close_the_gap, 3, "与前一条不衔接"),
        (swap_two, 3, "与前一条不衔接"),
        (change_an_event, 3, "所附的办理记录被改动"),
        (remove_an_event, 3, "应有 1 条办理记录，现有 0 条"),
        (add_an_event_to_it, 3, "应有 1 条办理记录，现有 2 条"),
        (lambda: put_event(None), 0, "没有对应的审计日志"),
        (lambda: put_event("made up"), 0, "没有对应的审计日志"),
    ],
)
def test_verification_names_the_first_broken_link(
    app: Flask, tamper: Callable[[], None], position: int, what: str
) -> None:
    make_entries(5)
    assert verify(db.session()).position == 6
    allow_rewriting()
    tamper()
    with pytest.raises(BrokenChain) as broken:
        verify(db.session())
    assert broken.value.position == position
    assert what in broken.value.what


def test_removed_tail_is_seen_by_the_end_that_was_written_down(app: Flask) -> None:
    make_entries(3)
    noted = verify(db.session())
    make_entries(2)
    assert verify(db.session(), noted).position == noted.position + 3
    allow_rewriting()
    tail = [one.position for one in entries() if one.position >= noted.position]
    uids = [one.uid for one in entries() if one.position >= noted.position]
    table = Event.__table__
    db.session.connection().execute(sa.delete(table).where(table.c.audit_uid.in_(uids)))
    remove(*tail)
    end = last_entry()
    head = AuditHead.__table__
    moved = sa.update(head).values(position=end.position, previous=end.previous, hash=end.hash)
    db.session.connection().execute(moved)
    # What is left is a good chain by itself.
    assert verify(db.session()) == Head(end.position, end.hash)
    with pytest.raises(BrokenChain, match=f"第 {noted.position} 条已不存在"):
        verify(db.session(), noted)


def test_rewritten_history_is_seen_by_the_end_that_was_written_down(app: Flask) -> None:
    """Somebody who seals every entry anew has a good chain, but not the noted one."""
    make_entries(3)
    noted = Head(2, "0" * 64)
    with pytest.raises(BrokenChain, match="与记下的校验值不一致") as broken:
        verify(db.session(), noted)
    assert broken.value.position == 2


@pytest.mark.postgres
def test_removed_tail_is_seen_by_the_head_that_postgresql_keeps(app: Flask) -> None:
    make_entries(3)
    if db.session.connection().dialect.name == "sqlite":
        return
    allow_rewriting()
    gone = last_entry()
    remove(gone.position)
    db.session.connection().execute(
        sa.delete(Event.__table__).where(Event.__table__.c.audit_uid == gone.uid)
    )
    with pytest.raises(BrokenChain, match="末尾的记录可能被删除"):
        verify(db.session())


# The command.


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    db.session.commit()
    result = app.test_cli_runner().invoke(args=["audit", "verify", *arguments])
    return result.exit_code, result.output


def test_operator_reads_the_end_and_gives_it_back_next_time(app: Flask) -> None:
    make_entries(2)
    code, told = run(app)
    noted = re.search(r"\d+:[0-9a-f]{64}", told)
    assert code == 0
    assert noted is not None
    assert "3 entries" in told
    make_entries(1)
    assert run(app, "--expect-head", noted[0])[0] == 0
    assert run(app, "--expect-head", noted[0][:-1] + ("0" if noted[0][-1] != "0" else "1"))[0] == 1
    assert run(app, "--expect-head", "not a head")[0] == 2


def test_log_says_itself_when_it_was_verified_and_what_came_of_it(app: Flask) -> None:
    make_entries(2)
    run(app)
    entry = last_entry()
    assert (entry.kind, entry.action) == (AuditKind.COMMAND, "audit verify")
    assert (entry.title, entry.result) == ("核对审计日志：通过，共 3 条", AuditResult.DONE)
    allow_rewriting()
    rewrite(2, title="没有发生过")
    code, told = run(app)
    assert code == 1
    assert "BROKEN at position 2" in told
    assert last_entry().result is AuditResult.FAILED
    assert "未通过：第 2 条" in last_entry().title
    number = len(entries())
    run(app, "--no-record")
    assert len(entries()) == number


def test_command_that_writes_leaves_an_entry_with_its_name(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["create-admin", "root-admin", "管理员甲"])
    assert result.exit_code == 0, result.output
    entry = last_entry()
    assert (entry.kind, entry.title) == (AuditKind.COMMAND, "后台命令：create-admin")
    assert entry.actor_name.startswith("服务器操作员")
    assert "***" not in str(entry.changes)
    verify(db.session())


# Several at once, with real commits.


def test_writers_at_the_same_moment_make_one_chain_without_forks(alone: Flask) -> None:
    writers, writes = 4, 25
    with alone.app_context():
        ids = [make_organisation().id for _ in range(writers)]
        db.session.commit()
    failures: list[BaseException] = []
    start = threading.Barrier(writers)

    def work(hospital_id: int) -> None:
        try:
            with alone.app_context():
                start.wait(30)
                for count in range(writes):
                    hospital = db.session.get_one(Organisation, hospital_id)
                    hospital.city = f"某市{count}"
                    record(hospital, "organisation", action="x", title="修改", actor=None)
                    db.session.commit()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    with alone.app_context():
        assert verify(db.session()).position == 1 + writers * writes
        hashes = db.session.scalars(sa.select(AuditEntry.previous)).all()
        assert len(set(hashes)) == len(hashes)
