"""The standards' page, what ships with it, and what the centre adds and verifies."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import reference_data
from portal.extensions import db
from portal.models import Comparison, Event, LibraryTask, Standard
from portal.services.first_run import load_missing, load_task_library
from tests.factories import PASSWORD, make_scene
from tests.factories.needs import make_standard, survey_with
from tests.support.pages import PageClient
from tests.support.queries import count_queries

TYPED = {
    "key": "gp_beds",
    "title": "全科病床数",
    "edition": "全科专业基地评估指标2025年版",
    "comparison": "at_least",
    "low": "30",
    "unit": "张",
    "source": "全科专业基地评估指标（2025年版）1.1",
}


def test_upgraded_portal_gets_standards_and_item_keys_once(app: Flask) -> None:
    load_task_library()
    db.session.execute(sa.update(LibraryTask).values(item_keys=[]))
    kept = db.session.scalars(sa.select(LibraryTask).where(LibraryTask.code == "A-01")).one()
    kept.item_keys = ["gp_independent"]
    own = make_standard("gp_beds", "全科专业基地评估指标2021年版", low=Decimal(25))
    load_missing()
    load_missing()
    shipped = reference_data.load("standards")["standard"]
    assert db.session.query(Standard).count() == len(shipped)
    assert own.low == Decimal(25)
    db.session.expire_all()
    assert kept.item_keys == ["gp_independent"]
    assert all(task.item_keys for task in db.session.query(LibraryTask))


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("commission", 200),
        ("centre", 200),
        ("supporting_coordinator", 200),
        ("supported_leader", 200),
        ("city", 403),
        ("supported_contributor", 403),
        ("expert", 403),
    ],
)
def test_province_and_bases_read_the_standards(client: PageClient, role: str, status: int) -> None:
    scene = make_scene()
    load_missing()
    client.login(getattr(scene, role), PASSWORD)
    assert client.get("/standards").status == status


def test_list_names_edition_source_and_what_is_not_verified(client: PageClient) -> None:
    scene = make_scene()
    load_missing()
    client.login(scene.commission, PASSWORD)
    page = client.get("/standards")
    assert "全科专业基地评估指标（2021年版）" in page.text
    assert "未核实" in page.text
    assert not page.select("form[action$='/verify']")
    few = client.get("/standards?verified=no")
    assert 0 < len(few.select("tbody tr")) < len(page.select("tbody tr"))
    assert "已核实" not in {badge.get_text() for badge in few.select("tbody .tag")}
    one = client.get("/standards?edition=结对帮扶通知2020年")
    assert {cell.split("《")[0] for cell in one.texts('td[data-label="版本与来源"]')} == {
        "结对帮扶通知2020年"
    }


def test_list_costs_the_same_with_many_standards(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    load_missing()
    with count_queries() as queries:
        client.get("/standards")
    queries.at_most(6)


def test_centre_adds_another_edition(client: PageClient) -> None:
    scene = make_scene()
    load_missing()
    client.login(scene.centre, PASSWORD)
    page = client.get("/standards/new")
    assert client.submit(page, "main form", **TYPED).status == 303
    added = db.session.query(Standard).filter_by(edition=TYPED["edition"]).one()
    assert (added.comparison, added.low, added.verified) == (Comparison.AT_LEAST, 30, False)
    event = db.session.query(Event).filter_by(object_type="standard").one()
    assert ["要求", "不低于 30 张"] in event.details
    again = client.submit(client.get("/standards/new"), "main form", **TYPED)
    assert again.status == 422
    assert "已有这一版本的标准" in again.text
    assert "增加对照标准“全科病床数”" in client.get("/standards").text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"low": ""}, "请填写标准值"),
        ({"comparison": "between"}, "请填写上限"),
        ({"comparison": "between", "high": "10"}, "上限不能低于下限"),
        ({"high": "40"}, "只有“介于”需要填写上限"),
        ({"comparison": "present"}, "“应具备”不填标准值"),
        ({"low": "0.12345"}, "最多写 4 位小数"),
        ({"source": " "}, "请写明来源"),
        ({"low": "1e99"}, ""),
    ],
)
def test_standard_without_its_numbers_is_refused(
    client: PageClient, typed: dict[str, str], sentence: str
) -> None:
    scene = make_scene()
    load_missing()
    client.login(scene.centre, PASSWORD)
    refused = client.submit(client.get("/standards/new"), "main form", **{**TYPED, **typed})
    assert refused.status == 422
    assert sentence in refused.text
    assert db.session.query(Standard).filter_by(edition=TYPED["edition"]).count() == 0


def test_centre_verifies_a_number_by_its_official_text(client: PageClient) -> None:
    scene = make_scene()
    standard = make_standard("gp_beds", verified=False)
    survey_with(scene.pairing, scene.supporting_coordinator)
    client.login(scene.centre, PASSWORD)
    action = f'form[action="/standards/{standard.id}/verify"]'
    bare = client.submit(client.get("/standards"), action, source=" ")
    assert bare.status == 422
    assert not standard.verified
    told = client.submit(client.get("/standards"), action, source="国卫办文件原文第三条")
    assert told.status == 303
    assert (standard.verified, standard.source) == (True, "国卫办文件原文第三条")
    event = db.session.query(Event).filter_by(action="verified").one()
    assert ["来源", "测试指标第1条 → 国卫办文件原文第三条"] in event.details
    assert client.post(f"/standards/{standard.id}/verify", {"source": "再来"}).status == 409


@pytest.mark.parametrize("role", ["commission", "supporting_coordinator", "supported_leader"])
def test_only_the_centre_keeps_standards(client: PageClient, role: str) -> None:
    scene = make_scene()
    standard = make_standard("gp_beds", verified=False)
    client.login(getattr(scene, role), PASSWORD)
    assert client.get("/standards/new").status == 403
    assert client.post(f"/standards/{standard.id}/verify", {"source": "文件"}).status == 403
    assert not standard.verified
