"""Programmes: made and changed by the province, seen by nobody else."""

import re
from datetime import date
from decimal import Decimal

import pytest

from portal.errors import Forbidden, Rejected, StaleEdit
from portal.extensions import db
from portal.models import Event, Programme, VerificationPolicy
from portal.services.programmes import Band, create_programme, edit_programme
from tests.factories import PASSWORD, make_pairing, make_scene
from tests.factories.programmes import empty_programme, make_scheme, programme_fields
from tests.support.pages import Page, PageClient
from tests.support.queries import count_queries

PROVINCE = ("commission", "centre")
OTHERS = (
    "city",
    "supporting_coordinator",
    "supported_leader",
    "supporting_contributor",
    "expert",
    "administrator",
    "auditor",
)
TYPED = {
    "name": "全省结对帮扶（2024—2027年）",
    "document": "关于新一轮结对帮扶的通知",
    "basis": "",
    "issued_on": "2024-01-10",
    "starts_on": "2024-03-01",
    "ends_on": "2027-02-28",
    "filing_deadline": "2024-04-30",
    "meeting_interval_months": "3",
    "verification": "key_and_sample",
    "sample_percent": "15",
    "scheme_id": "0",
    "bonus_enabled": "y",
    "bands-0-min_score": "90",
    "bands-0-points": "2",
    "bands-1-min_score": "80",
    "bands-1-points": "1.5",
}


def make(client: PageClient, **changes: str) -> Page:
    return client.post("/programmes/new", {**TYPED, **changes})


def only() -> Programme:
    return db.session.query(Programme).filter_by(name=TYPED["name"]).one()


@pytest.mark.parametrize("role", PROVINCE)
def test_province_sets_up_a_programme_and_is_led_to_the_import(client: PageClient, role) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    answer = client.submit(client.get("/programmes/new"), "main form", **TYPED)
    assert answer.status == 303
    programme = only()
    assert answer.location.endswith(f"/programmes/{programme.id}/import")
    assert (programme.starts_on, programme.ends_on) == (date(2024, 3, 1), date(2027, 2, 28))
    assert programme.verification is VerificationPolicy.KEY_AND_SAMPLE
    assert (programme.sample_percent, programme.bonus_enabled) == (15, True)
    bands = [(band.min_score, band.points) for band in programme.bonus_bands]
    assert sorted(bands) == [(Decimal("80"), Decimal("1.5")), (Decimal("90"), Decimal("2"))]
    assert programme.created_by_id == getattr(scene, role).id
    assert programme.years == [1, 2, 3]


def test_character_that_no_database_keeps_is_left_out(client: PageClient) -> None:
    client.login(make_scene().centre, PASSWORD)
    assert make(client, name="全省\0结对帮扶（2024—2027年）\0").status == 303
    assert only()


def test_double_click_sets_up_one_programme(client: PageClient) -> None:
    client.login(make_scene().centre, PASSWORD)
    page = client.get("/programmes/new")
    first = client.submit(page, "main form", **TYPED)
    second = client.submit(page, "main form", **TYPED)
    assert (second.status, second.location) == (303, first.location)
    assert only()


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "请填写名称"),
        ({"name": "长" * 101}, "name", "最多 100 个字，现有 101 个字"),
        ({"document": ""}, "document", "请填写文件名称"),
        ({"document": "长" * 201}, "document", "最多 200 个字"),
        ({"basis": "长" * 201}, "basis", "最多 200 个字"),
        ({"starts_on": ""}, "starts_on", "请填写开始日期"),
        ({"starts_on": "二月"}, "starts_on", ""),
        ({"starts_on": "0024-03-01"}, "starts_on", "年份应在 2000 至 2099 之间"),
        ({"ends_on": "2024-03-01"}, "ends_on", "结束日期应晚于开始日期"),
        ({"ends_on": "2039-03-01"}, "ends_on", "最长 10 年"),
        ({"filing_deadline": "2028-01-01"}, "filing_deadline", "不能晚于结束日期"),
        ({"filing_deadline": "2024-01-09"}, "filing_deadline", "不能早于印发日期"),
        ({"issued_on": "2028-01-09"}, "issued_on", "印发日期不能晚于结束日期"),
        ({"meeting_interval_months": "0"}, "meeting_interval_months", "1 至 12 个月"),
        ({"meeting_interval_months": "13"}, "meeting_interval_months", "1 至 12 个月"),
        ({"meeting_interval_months": "三"}, "meeting_interval_months", ""),
        ({"sample_percent": "101"}, "sample_percent", "0 至 100"),
        ({"sample_percent": ""}, "sample_percent", "请填写抽查比例"),
        ({"verification": "none"}, "verification", ""),
        ({"scheme_id": "999999"}, "scheme_id", ""),
        ({"bands-0-points": ""}, "bands", "第 1 档请同时填写得分和加分"),
        ({"bands-1-min_score": "90"}, "bands", "90.00 填写了两次"),
        ({"bands-1-min_score": "95"}, "bands", "不应少于较低得分的加分"),
        ({"bands-0-min_score": "101"}, "bands", "0 至 100 之间"),
        ({"bands-1-points": "-1"}, "bands", "0 至 100 之间"),
        (
            {f"bands-{n}-{part}": "" for n in (0, 1) for part in ("min_score", "points")},
            "bands",
            "请至少填写一档加分",
        ),
    ],
)
def test_wrong_field_is_told_beside_it_and_nothing_is_lost(
    client: PageClient, changes, field: str, sentence: str
) -> None:
    client.login(make_scene().centre, PASSWORD)
    before = db.session.query(Programme).count()
    page = make(client, **changes)
    assert page.status == 422
    assert sentence in page.one(f"#{field}-error").get_text()
    assert page.select(f".error-summary a[href='#{field}']")
    assert page.one("[name=document]")["value"] == changes.get("document", TYPED["document"])
    assert db.session.query(Programme).count() == before


@pytest.mark.parametrize("number", ["1.234", "NaN", "Infinity", "1e9", "9" * 50, "好"])
def test_strange_number_in_the_bonus_table_is_refused(client: PageClient, number: str) -> None:
    client.login(make_scene().centre, PASSWORD)
    page = make(client, **{"bands-1-points": number})
    assert page.status == 422
    assert page.one("#bands-1-points")["aria-invalid"] == "true"
    sentences = "".join(page.texts("p.error"))
    assert sentences
    assert not re.search("[A-Za-z]", sentences)


def test_second_programme_of_the_same_name_is_refused(client: PageClient) -> None:
    scene = make_scene()
    empty_programme(scene.commission, name=TYPED["name"])
    client.login(scene.centre, PASSWORD)
    assert "已有同名的帮扶周期" in make(client).one("#name-error").get_text()


def test_change_is_saved_and_told_with_what_was_before(client: PageClient) -> None:
    scene = make_scene()
    programme, scheme = empty_programme(scene.commission), make_scheme()
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/programmes/{programme.id}/edit")
    assert page.one("[name=bands-0-min_score]")["value"] == "90.00"
    changes = {
        "filing_deadline": "2024-05-31",
        "scheme_id": str(scheme.id),
        "bands-0-points": "3",
        "bands-1-min_score": "",
        "bands-1-points": "",
    }
    assert client.submit(page, "main form", **changes).status == 303
    assert programme.filing_deadline == date(2024, 5, 31)
    assert programme.scheme_id == scheme.id
    assert [(b.min_score, b.points) for b in programme.bonus_bands] == [(90, 3)]
    event = db.session.query(Event).filter_by(object_type="programme", action="edited").one()
    assert event.details == [
        ["协议备案截止日", "2024-04-30 → 2024-05-31"],
        ["考核指标", f"未选 → {scheme.title}"],
        ["加分表", "≥90.00 分加 2.00 分；≥80.00 分加 1.00 分 → ≥90.00 分加 3.00 分"],
    ]
    shown = client.get(f"/programmes/{programme.id}")
    assert "修改帮扶周期" in shown.text
    assert "2024年5月31日" in shown.text


def test_saving_without_a_change_leaves_no_trace(client: PageClient) -> None:
    scene = make_scene()
    programme = empty_programme(scene.commission)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/programmes/{programme.id}/edit")
    assert client.submit(page, "main form").status == 303
    assert programme.version == 1
    assert db.session.query(Event).filter_by(action="edited").count() == 0


@pytest.mark.parametrize(
    ("theirs", "label"),
    [
        ({"starts_on": "2024-02-01"}, "开始日期"),
        ({"bands-0-points": "5"}, "加分表"),
    ],
)
def test_later_of_two_editors_gets_both_texts(client: PageClient, theirs, label: str) -> None:
    scene = make_scene()
    programme = empty_programme(scene.commission)
    client.login(scene.centre, PASSWORD)
    address = f"/programmes/{programme.id}/edit"
    mine, other = client.get(address), client.get(address)
    assert client.submit(other, "main form", **theirs).status == 303
    late = client.submit(mine, "main form", document="我改的文件名称")
    assert late.status == 409
    conflict = late.one(".conflict").get_text()
    assert "我改的文件名称" in conflict
    assert label in conflict
    assert late.one("[name=document]")["value"] == "我改的文件名称"
    assert programme.document != "我改的文件名称"
    assert client.submit(late, "main form").status == 303
    assert programme.document == "我改的文件名称"


def test_stale_edit_is_refused_by_the_service_too(app) -> None:
    scene = make_scene()
    programme = empty_programme(scene.commission)
    with pytest.raises(StaleEdit):
        edit_programme(
            programme, programme_fields(name="新"), seen_version=7, actor=scene.commission
        )
    assert programme.name != "新"


def test_bonus_table_alone_counts_as_a_new_version(app) -> None:
    scene = make_scene()
    programme = empty_programme(scene.commission)
    fields = programme_fields(bands=[Band(Decimal("85"), Decimal("1"))])
    edit_programme(programme, fields, seen_version=1, actor=scene.centre)
    assert programme.version == 2
    db.session.expire(programme)
    assert [band.min_score for band in programme.bonus_bands] == [Decimal("85")]


@pytest.mark.parametrize("role", OTHERS)
def test_everyone_else_finds_no_programme(client: PageClient, role: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    base = f"/programmes/{scene.programme.id}"
    for address in ("/programmes", "/programmes/new", base, f"{base}/edit"):
        assert client.get(address).status == 404, address
    assert make(client).status == 404
    assert client.post(f"{base}/edit", TYPED).status == 404
    actor = db.session.merge(getattr(scene, role))
    with pytest.raises(Forbidden):
        create_programme(programme_fields(), actor=actor)
    with pytest.raises(Forbidden):
        edit_programme(scene.programme, programme_fields(), seen_version=None, actor=actor)


def test_rejected_fields_are_all_told_at_once(app) -> None:
    scene = make_scene()
    wrong = programme_fields(ends_on=date(2020, 1, 1), meeting_interval_months=0, scheme_id=9999)
    with pytest.raises(Rejected) as caught:
        create_programme(wrong, actor=scene.centre)
    assert set(caught.value.fields) >= {"ends_on", "meeting_interval_months", "scheme_id"}


def test_list_shows_each_programme_with_its_figures(client: PageClient) -> None:
    scene = make_scene()
    make_pairing(scene.programme, scene.pairing.supporting)
    client.login(scene.centre, PASSWORD)
    page = client.get("/programmes")
    cells = [td.get_text() for td in page.select("tbody td.num")]
    assert cells == ["2", "3", "3", "0/3"]


def test_first_programme_is_asked_for_where_there_is_none(client: PageClient) -> None:
    scene = make_scene()
    for pairing in (scene.pairing, scene.foreign):
        db.session.delete(pairing)
    db.session.flush()
    db.session.delete(scene.programme)
    client.login(scene.centre, PASSWORD)
    page = client.get("/programmes")
    assert page.one(".empty a")["href"] == "/programmes/new"


def test_programme_without_pairings_offers_the_import(client: PageClient) -> None:
    scene = make_scene()
    programme = empty_programme(scene.commission)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/programmes/{programme.id}")
    assert page.one("#pairings .empty a")["href"] == f"/programmes/{programme.id}/import"


def test_guessed_programme_is_not_found(client: PageClient) -> None:
    client.login(make_scene().centre, PASSWORD)
    assert client.get("/programmes/999999").status == 404
    assert client.post("/programmes/999999/edit", TYPED).status == 404


def test_pages_take_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    address = f"/programmes/{scene.programme.id}"
    with count_queries() as list_of_one:
        client.get("/programmes")
    with count_queries() as few:
        client.get(address)
    for number in range(12):
        make_pairing(scene.programme)
        empty_programme(scene.commission, name=f"周期{number}")
    db.session.commit()
    with count_queries() as list_of_many:
        client.get("/programmes")
    with count_queries() as many:
        client.get(address)
    list_of_one.at_most(3)
    assert len(list_of_one) == len(list_of_many)
    few.at_most(11)
    assert len(few) >= len(many)
