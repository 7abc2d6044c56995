"""The auditor's pages: the log with its filters, one entry, the table, and readable histories."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from portal import audit
from portal.audit.entry import Entry
from portal.audit.trace import Trace
from portal.extensions import db
from portal.models import AuditKind, AuditResult, Duty, GroupRole, Role, Side
from portal.queries.changes import in_words, readable, readable_rows, shown
from portal.services import groups, users
from portal.services.groups import MemberEntry
from tests.factories import PASSWORD, make_scene, make_user
from tests.factories.accounts import make_auditor, make_security_administrator
from tests.factories.audit import last_entry, make_entries
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries

TITLES = "td[data-label=操作]"


def put(title: str, **values: Any) -> None:
    """Add one entry as a request would, and commit it."""
    at = values.pop("at", None)
    kind = values.pop("kind", AuditKind.CHANGE)
    audit.append(db.session(), Entry(kind, "test", title, **values), Trace().uid, at=at)
    db.session.commit()


def titles(client: PageClient, **query: Any) -> set[str]:
    found = client.get("/admin/audit", query).select(TITLES)
    return {next(iter(cell.stripped_strings)) for cell in found} - {"登录", "后台写入"}


def test_filters_stand_in_the_address_and_narrow_the_log(client: PageClient) -> None:
    one = make_user(Role.EXPERT, name="赵某某", username="expert-one")
    put("甲改任务", actor_id=one.id, actor_name="赵某某", object_type="task", object_id=7)
    put("乙被拒绝", kind=AuditKind.REFUSAL, result=AuditResult.REFUSED, actor_name="访客")
    put("丙导出", kind=AuditKind.EXPORT, actor_name="赵某某甲", address="192.0.2.8")
    client.login(make_auditor(), PASSWORD)
    assert titles(client, person="EXPERT-ONE") == {"甲改任务"}
    assert titles(client, person="赵某某甲") == {"丙导出"}
    assert titles(client, kind="refusal") == {"乙被拒绝"}
    assert titles(client, result="refused") == {"乙被拒绝"}
    assert titles(client, object="task") == {"甲改任务"}
    assert titles(client, object="task", number="8") == set()
    assert titles(client, address="192.0.2.8") == {"丙导出"}
    assert titles(client, q="导出") == {"丙导出"}
    assert titles(client, q="%") == set()
    assert titles(client, since="2999-01-01") == set()
    assert titles(client, until="2019-12-31") == set()
    assert len(titles(client, kind="nonsense", since="not-a-day", number="x")) == 3


def test_days_of_the_filter_are_those_of_shanghai(client: PageClient) -> None:
    put("十四日夜", at=datetime(2021, 3, 14, 15, 30, tzinfo=UTC))
    put("十五日晨", at=datetime(2021, 3, 14, 16, 30, tzinfo=UTC))
    client.login(make_auditor(), PASSWORD)
    assert titles(client, until="2021-03-14") == {"十四日夜"}
    assert titles(client, since="2021-03-15", until="2021-03-15") == {"十五日晨"}


def test_log_is_paged_by_key_newest_first_with_a_fixed_number_of_queries(
    client: PageClient,
) -> None:
    for number in range(120):
        put(f"第 {number} 件", object_type="task")
    client.login(make_auditor(), PASSWORD)
    pages, address = [], "/admin/audit?object=task"
    while address:
        with count_queries() as queries:
            page = client.get(address)
        # The account of the request, the page, and the state of the chain.
        queries.at_most(3)
        pages.append(page.texts(TITLES))
        address = next((a["href"] for a in page.select("a[rel=next]")), "")
    assert [title for told in pages for title in told] == [
        f"第 {number} 件" for number in reversed(range(120))
    ]
    assert client.get(page.one("a[rel=prev]")["href"]).texts(TITLES) == pages[1]


def test_list_says_when_the_chain_was_verified_last(client: PageClient) -> None:
    make_entries(1)
    client.login(make_auditor(), PASSWORD)
    assert "尚未核对过" in client.get("/admin/audit").text
    client.app.test_cli_runner().invoke(args=["audit", "verify"])
    assert "最近一次核对：" in client.get("/admin/audit").text
    assert "通过，共" in client.get("/admin/audit").text


def test_entry_shows_what_changed_and_the_hash_that_chains_it(client: PageClient) -> None:
    scene = make_scene()
    db.session.commit()
    user = make_user(Role.EXPERT, username="expert-one")
    db.session.commit()
    users.disable_account(user, reason="调离本单位", actor=make_security_administrator())
    db.session.commit()
    entry = last_entry()
    client.login(scene.auditor, PASSWORD)
    page = client.get(f"/admin/audit/{entry.position}")
    for told in ("停用账号", "调离本单位", "启用：是 → 否", entry.hash, entry.previous):
        assert told in page.text
    assert client.get("/admin/audit/999999").status == 404


def test_export_holds_just_what_is_listed_and_is_recorded_itself(client: PageClient) -> None:
    put("=1+1", kind=AuditKind.EXPORT, actor_name="@甲", path="/x")
    put("别的", kind=AuditKind.CHANGE)
    client.login(make_auditor(), PASSWORD)
    answer = client.get("/admin/audit.csv?kind=export")
    assert answer.status == 200
    text = answer.response.get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    told = [row["操作"] for row in rows]
    assert "'=1+1" in told
    assert "别的" not in told
    assert next(row["人员"] for row in rows if row["操作"] == "'=1+1") == "'@甲"
    entry = last_entry()
    assert entry.kind is AuditKind.EXPORT
    assert entry.title.startswith("导出：审计日志-")
    assert ["kind", None, "export"] in entry.changes[0]["fields"]


def test_export_of_more_than_a_batch_loses_no_row(
    client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.queries.audit.BATCH", 7)
    make_entries(20)
    client.login(make_auditor(), PASSWORD)
    text = client.get("/admin/audit.csv").response.get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    positions = [int(row["序号"]) for row in rows]
    assert positions == list(range(positions[0], 0, -1))
    assert "所在市县：某市18 → 某市19" in text


@pytest.mark.parametrize("path", ["/admin/audit", "/admin/audit/1", "/admin/audit.csv"])
@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "PATCH"])
def test_log_cannot_be_written_to(client: PageClient, path: str, verb: str) -> None:
    client.login(make_auditor(), PASSWORD)
    token = {"X-CSRFToken": client.csrf_token()}
    assert client._open(path, method=verb, headers=token).status == 405


# Histories.


def history(page: Page) -> str:
    return " ".join(page.texts(".event-changes"))


def test_account_shows_what_was_edited_from_what_to_what(client: PageClient) -> None:
    user = make_user(Role.EXPERT, name="旧名")
    db.session.commit()
    client.login(make_security_administrator(), PASSWORD)
    page = client.get(f"/admin/users/{user.id}")
    client.submit(page, f"main form[action$='/{user.id}']", name="新名")
    told = history(client.get(f"/admin/users/{user.id}"))
    assert "姓名：旧名 → 新名" in told


def test_group_shows_who_came_and_whose_office_changed(client: PageClient) -> None:
    scene = make_scene()

    def save(title: str, *more: str) -> None:
        listed = [("甲", title), *((name, "") for name in more)]
        groups.save_group(
            scene.pairing,
            [
                MemberEntry(name, Side.SUPPORTED, office, GroupRole.MEMBER, Duty.OTHER)
                for name, office in listed
            ],
            established_on=None,
            seen_version=None,
            actor=scene.supported_coordinator,
        )
        db.session.commit()

    save("科员")
    save("科长", "乙")
    client.login(scene.supported_coordinator, PASSWORD)
    told = history(client.get(f"/pairings/{scene.pairing_id}/group"))
    assert "小组成员“甲”的职务：科员 → 科长" in told
    assert "新增小组成员：乙" in told


def test_secrets_and_stamps_are_not_shown_in_a_history() -> None:
    lines = readable(
        [
            ["agreements.filed_at", None, "2020-05-20T02:40:00+00:00"],
            ["agreements.filed_by_id", None, "某人 #3"],
            ["agreements.state", "submitted", "filed"],
        ]
    )
    assert [(one.label, one.old, one.new) for one in lines] == [("状态", "待备案", "已备案")]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tasks.state", "closed", "已销号"),
        ("tasks.weight", 3, "核心"),
        ("tasks.due_on", "2021-03-15", "2021-03-15"),
        ("tasks.supported_owner_id", "张某 #12", "张某"),
        ("tasks.supported_owner_id", "#12", "#12"),
        ("tasks.is_returned", True, "是"),
        ("tasks.return_reason", "", "（空）"),
        ("tasks.title", "建章 #3", "建章 #3"),
        ("tasks.state", "no_longer_a_state", "no_longer_a_state"),
        ("meetings.kind", "quarterly", "领导小组季度例会"),
        ("meetings.planned_at", "2021-03-15T01:00:00+00:00", "2021-03-15 09:00"),
        ("meetings.planned_at", "T", "T"),
        ("users.totp_since", "2021-03-15T01:00:00.123456+00:00", "2021-03-15 09:00"),
        ("user_sessions.ended_why", "password", "密码有变动"),
        ("no_longer.a_table", "x", "x"),
    ],
)
def test_value_is_shown_in_the_words_of_the_screen(name: str, value: Any, words: str) -> None:
    assert shown(name, value) == words


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [(None, "***", "已设置"), ("***", None, "已清除"), ("***", "***", "已更改")],
)
def test_secret_says_what_became_of_it(old: Any, new: Any, says: str) -> None:
    assert in_words([], [[["users.totp_secret", old, new]]]) == [f"两步验证密钥：{says}"]


def test_rows_of_an_entry_are_told_by_heading_and_fields() -> None:
    rows = [
        {
            "object": "tasks",
            "id": 3,
            "name": "建章",
            "step": "changed",
            "fields": [["tasks.progress", 0, 30]],
        },
        {"object": "group_members", "step": "added", "id": 2, "name": "甲", "fields": []},
        {"object": "uploads", "step": "statement"},
        {"object": "", "step": "more", "count": 9},
    ]
    headings = [heading for heading, _ in readable_rows(rows)]
    assert headings == ["修改任务：建章 #3", "新增小组成员：甲 #2", "批量更新上传", "另有 9 处变更"]
    assert in_words(rows[:1], [[["year_goals", "旧目标", None]]]) == [
        "移除年度目标：旧目标",
        "修改任务：建章 #3（完成进度（%）：0 → 30）",
    ]


def test_filter_of_log_ins_finds_those_that_failed(client: PageClient) -> None:
    client.post("/login", {"username": "nobody-here", "password": "Cuowu-2020"})
    client.login(make_auditor(), PASSWORD)
    assert titles(client, kind="log_in") == {"登录失败：无此用户，或账号已锁定"}


def test_list_calls_accounts_by_their_names(client: PageClient) -> None:
    somebody = make_user(Role.EXPERT, name="被改某")
    put("改账号", object_type="user", object_id=somebody.id)
    put("改没有的", object_type="task", object_id=99999)
    client.login(make_auditor(), PASSWORD)
    told = client.get("/admin/audit").texts("td[data-label=对象]")
    assert any("账号 被改某" in one for one in told)
    assert any("任务 99999" in one for one in told)
