"""The record of operations, which only the auditor reads."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.extensions import db
from portal.models import Event, Role
from portal.services import users
from tests.factories import PASSWORD, make_organisation, make_scene, make_user
from tests.factories.accounts import make_auditor, make_security_administrator
from tests.support.pages import PageClient
from tests.support.queries import count_queries

TITLES = "td[data-label=操作]"


def make_event(title: str, *, object_type: str = "task", actor: Any = None, **values: Any) -> Event:
    event = Event(
        object_type=object_type,
        object_id=values.pop("object_id", 1),
        action="made",
        title=title,
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else "系统",
        at=values.pop("at", datetime(2021, 3, 15, 4, 0, tzinfo=UTC)),
        **values,
    )
    db.session.add(event)
    db.session.flush()
    return event


def test_auditor_reads_who_did_what_and_why(client: PageClient) -> None:
    hospital = make_organisation()
    user = make_user(Role.BASE_LEADER, hospital, username="leader-one")
    administrator = make_security_administrator()
    users.disable_account(user, reason="调离本单位", actor=administrator)
    client.login(make_auditor(), PASSWORD)
    row = client.get("/admin/events?action=停用").one("tbody tr").get_text(" ")
    for told in ("停用账号", administrator.name, "leader-one", "调离本单位"):
        assert told in row


def test_filters_stand_in_the_address_and_narrow_the_record(client: PageClient) -> None:
    one = make_user(Role.EXPERT, name="赵某某", username="expert-one")
    other = make_user(Role.EXPERT, name="钱某某", username="expert-two")
    make_event("甲办的任务", actor=one)
    make_event("乙办的会议", actor=other, object_type="meeting")
    make_event("甲的账号", object_type="user", object_id=one.id)
    # Half past eleven at night in Shanghai, and half past midnight.
    make_event("十四日夜", at=datetime(2021, 3, 14, 15, 30, tzinfo=UTC))
    make_event("十五日晨", at=datetime(2021, 3, 14, 16, 30, tzinfo=UTC))
    client.login(make_auditor(), PASSWORD)

    def titles(**query: Any) -> set[str]:
        return set(client.get("/admin/events", query).texts(TITLES)) - {"登录"}

    assert titles(person="赵") == {"甲办的任务", "甲的账号"}
    assert titles(person="EXPERT-TWO") == {"乙办的会议"}
    assert titles(object="meeting") == {"乙办的会议"}
    assert titles(action="任务") == {"甲办的任务"}
    assert titles(action="%") == set()
    assert titles(since="2021-03-15", until="2021-03-15") == {
        "甲办的任务",
        "乙办的会议",
        "甲的账号",
        "十五日晨",
    }
    assert titles(until="2021-03-14") == {"十四日夜"}
    assert titles(person="赵", object="user") == {"甲的账号"}
    assert len(titles(since="not-a-day", until="", object="")) == 5


def test_name_held_at_the_time_is_found_too(client: PageClient) -> None:
    person = make_user(Role.EXPERT, name="曾用名")
    make_event("从前办的", actor=person)
    person.name = "现用名"
    db.session.flush()
    client.login(make_auditor(), PASSWORD)
    for name in ("曾用名", "现用名"):
        assert client.get("/admin/events", {"person": name}).texts(TITLES) == ["从前办的"]


def test_record_is_paged_by_key_newest_first(client: PageClient) -> None:
    for number in range(120):
        make_event(f"第 {number} 件")
    client.login(make_auditor(), PASSWORD)
    pages, address = [], "/admin/events?object=task"
    while address:
        page = client.get(address)
        pages.append(page.texts(TITLES))
        address = next((a["href"] for a in page.select("a[rel=next]")), "")
    assert [title for titles in pages for title in titles] == [
        f"第 {number} 件" for number in reversed(range(120))
    ]
    assert client.get(page.one("a[rel=prev]")["href"]).texts(TITLES) == pages[1]


def test_record_asks_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    for number in range(60):
        make_event(f"第 {number} 件", object_type="user", object_id=scene.centre.id)
    make_event("结对中的一件", pairing_id=scene.pairing_id, actor=scene.centre)
    client.login(scene.auditor, PASSWORD)
    with count_queries() as queries:
        client.get("/admin/events?person=用户")
    # The account of the request, the accounts of that name, the page, and the user names and
    # pairings behind it.
    queries.at_most(5)


def test_event_names_its_pairing_and_the_role_of_the_person(client: PageClient) -> None:
    scene = make_scene()
    make_event(
        "结对中的一件",
        pairing_id=scene.pairing_id,
        actor=scene.centre,
        actor_role="centre_reviewer",
    )
    client.login(scene.auditor, PASSWORD)
    row = client.get("/admin/events?object=task").one("tbody tr").get_text(" ")
    assert scene.pairing.title in row
    assert "省中心审核员" in row


@pytest.mark.parametrize("verb", ["post", "put", "delete", "patch"])
def test_record_cannot_be_written_to(client: PageClient, verb: str) -> None:
    client.login(make_auditor(), PASSWORD)
    token = {"X-CSRFToken": client.csrf_token()}
    answer = client._open("/admin/events", method=verb.upper(), headers=token)
    assert answer.status == 405
