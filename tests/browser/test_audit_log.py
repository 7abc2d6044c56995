"""The audit log of the demonstration, and the auditor at work in it."""

from __future__ import annotations

import sqlalchemy as sa
from playwright.sync_api import expect

from portal.audit.verify import verify
from portal.extensions import db
from portal.models import AuditEntry, Event
from tests.browser.players import Cast
from tests.support.browser import LiveServer, at_width, axe


def test_demonstration_is_one_unbroken_chain_in_order_of_time(live_server: LiveServer) -> None:
    with live_server.app.app_context():
        head = verify(db.session())
        times = list(db.session.scalars(sa.select(AuditEntry.at).order_by(AuditEntry.position)))
        unsealed = db.session.scalar(
            sa.select(sa.func.count()).select_from(Event).where(Event.audit_uid.is_(None))
        )
    assert head.position > 400
    assert times == sorted(times)
    assert unsealed == 0


def test_auditor_narrows_the_log_and_reads_what_changed(cast: Cast) -> None:
    auditor = cast["anquan-auditor"]
    auditor.open("/admin/audit?kind=change")
    auditor.page.get_by_role("searchbox", name="操作").fill("准予备案")
    auditor.page.get_by_role("button", name="筛选").click()
    auditor.page.wait_for_load_state()
    auditor.page.locator("tbody tr a").first.click()
    auditor.page.get_by_text("修改前后对照").first.click()
    fields = auditor.page.locator(".changes").first
    expect(fields).to_contain_text("待备案")
    expect(fields).to_contain_text("已备案")
    assert axe(auditor.page) == []
    at_width(auditor.page)
