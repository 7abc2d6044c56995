"""The table of hostile inputs and requests, each with its one expected answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from portal import storage
from portal.extensions import db
from portal.models import Base
from tests.factories.evidence import pdf_bytes
from tests.integration.hostile import files, headers, ids, links, texts
from tests.integration.hostile.table import Attack, Row, upload
from tests.support.clamd import ClamdServer, infected

TABLE: list[Row] = [*files.ROWS, *headers.ROWS, *ids.ROWS, *links.ROWS, *texts.ROWS]
# What every request may leave: the audit log says who tried, and a log-in was seen again.
LOGS = {"audit_entries", "audit_head", "user_sessions"}


def test_table_is_long_and_names_each_row_once() -> None:
    names = [row.name for row in TABLE]
    assert len(names) >= 60
    assert [name for name, times in Counter(names).items() if times > 1] == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_attempt_gets_its_answer_and_leaves_nothing(attack: Attack, row: Row) -> None:
    if row.by:
        attack.log_in(getattr(attack.scene, row.by))
    before = world()
    page = row.send(attack)
    said = f"{page.text} {page.location}" if page.html else said_plainly(page)
    assert (page.status, row.says in said) == (row.status, True), f"{page.status}: {said[:2000]}"
    if row.check is not None:
        row.check(attack, page)
    if not row.stores:
        assert {name for name, what in world().items() if what != before[name]} == set()


def test_virus_is_told_of_and_not_kept(attack: Attack, clamd: ClamdServer) -> None:
    attack.log_in(attack.scene.supported_coordinator)
    before = world()
    page = upload("方案.pdf", infected(pdf_bytes()))(attack)
    assert (page.status, "查出病毒，没有保存" in page.text) == (422, True)
    assert world() == before


def said_plainly(page: Any) -> str:
    return f"{page.response.get_data().decode(errors='replace')} {page.location}"


def world() -> dict[str, Any]:
    """Every row of every table but the logs, and the names of all files."""
    connection = db.session.connection()
    found: dict[str, Any] = {
        name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))
        for name in Base.metadata.tables
        if name not in LOGS
    }
    store = storage.store()
    found["files"] = [held.sha256 for held in store.held()]
    found["incoming"] = [token for token, _ in store.incoming()]
    return found
