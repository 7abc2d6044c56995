"""Importing the pairing table through the pages: nothing is written before it is confirmed."""

import io
import json

import pytest
from werkzeug.datastructures import FileStorage

from portal.demo import seed
from portal.documents import office
from portal.errors import Forbidden, Rejected
from portal.extensions import db
from portal.models import Event, Organisation, Pairing, Programme, Role
from portal.policies.pairing_table import Corrections, PairLine
from portal.services.pairing_import import import_table
from tests.factories import PASSWORD, Scene, make_organisation, make_pairing, make_scene, make_user
from tests.factories.office import NOTICE_ROWS, bomb, docx_with, xlsx
from tests.factories.programmes import empty_programme, named_hospitals, table_text
from tests.support.pages import Page, PageClient, form_values
from tests.support.queries import count_queries

HOSPITALS = ("海口医院", "省立医院", "三亚医院", "文昌医院", "万宁医院")
GOOD = (("海口医院", "三亚医院、文昌医院"), ("省立医院", "万宁医院"))


def start(client: PageClient, role: str = "centre") -> tuple[Scene, Programme, str]:
    """Log in beside an empty programme and the five hospitals."""
    scene = make_scene()
    programme = empty_programme(scene.commission)
    named_hospitals(*HOSPITALS)
    client.login(getattr(scene, role), PASSWORD)
    return scene, programme, f"/programmes/{programme.id}/import"


def paste(client: PageClient, address: str, *pairs: tuple[str, str]) -> Page:
    return client.post(address, {"text": table_text(*pairs)})


def upload(client: PageClient, address: str, stream: io.BytesIO, name: str) -> Page:
    return client.post(address, {"file": FileStorage(stream, filename=name), "text": ""})


def confirm(client: PageClient, preview: Page, **values: object) -> Page:
    return client.submit(preview, "#import-form", **values)


def recheck(client: PageClient, address: str, preview: Page, **values: object) -> Page:
    """Press the other button of the preview's form."""
    return client.post(address, {**form_values(preview.one("#import-form")), **values})


def pairs_of(programme: Programme) -> list[tuple[int, str, str]]:
    found = db.session.query(Pairing).filter_by(programme_id=programme.id)
    return [
        (one.sequence, one.supporting.name, one.supported.name)
        for one in found.order_by(Pairing.sequence)
    ]


IMPORTED = [
    (1, "海口医院", "三亚医院"),
    (2, "海口医院", "文昌医院"),
    (3, "省立医院", "万宁医院"),
]


@pytest.mark.parametrize("role", ["commission", "centre"])
def test_province_pastes_a_table_looks_and_imports_it(client: PageClient, role: str) -> None:
    _, programme, address = start(client, role)
    preview = paste(client, address, *GOOD)
    assert (preview.status, preview.h1) == (200, "核对结对名单")
    assert preview.texts(".stat-value") == ["3", "0", "0", "0"]
    assert pairs_of(programme) == []
    answer = confirm(client, preview)
    assert answer.status == 303
    assert pairs_of(programme) == IMPORTED
    shown = client.get(answer.location)
    assert "已导入 3 个结对" in shown.text
    assert len(shown.select("#pairings tbody tr")) == 3


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        (lambda: xlsx(NOTICE_ROWS), "结对表.xlsx"),
        (lambda: docx_with([tuple(map(str, row)) for row in NOTICE_ROWS]), "结对表.docx"),
        (lambda: xlsx(NOTICE_ROWS), "名字不对.docx"),
        (lambda: xlsx(NOTICE_ROWS), "没有扩展名"),
    ],
)
def test_centre_uploads_a_file_and_imports_it(client: PageClient, stream, name: str) -> None:
    _, programme, address = start(client)
    preview = upload(client, address, stream(), name)
    assert preview.texts(".stat-value")[0] == "3"
    assert confirm(client, preview).status == 303
    assert pairs_of(programme) == IMPORTED


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (lambda: io.BytesIO(b""), office.EMPTY),
        (lambda: io.BytesIO(office.OLE + b"\0" * 99), office.OLD_FORMAT),
        (lambda: io.BytesIO(office.OLE + office.ENCRYPTED), office.LOCKED),
        (lambda: io.BytesIO(b"\x89PNG"), office.WRONG_KIND),
        (lambda: bomb(office.MAX_UNPACKED + 1), office.BOMB),
        (lambda: xlsx([("姓名", "电话")]), "没有找到结对表的表头"),
    ],
)
def test_wrong_file_is_refused_beside_its_field(client: PageClient, stream, sentence: str) -> None:
    _, programme, address = start(client)
    page = upload(client, address, stream(), "结对表.xlsx")
    assert page.status == 422
    assert sentence in page.one("#file-error").get_text()
    assert pairs_of(programme) == []


def test_nothing_sent_is_told_and_text_without_a_header_stays(client: PageClient) -> None:
    _, _, address = start(client)
    page = client.submit(client.get(address), "main form")
    assert (page.status, "请选择文件，或粘贴表格内容" in page.text) == (422, True)
    page = client.post(address, {"text": "这里没有表头"})
    assert page.status == 422
    assert "没有找到结对表的表头" in page.one("#text-error").get_text()
    assert page.one("textarea").get_text().strip() == "这里没有表头"


def test_one_wrong_row_keeps_every_row_out_and_loses_nothing(client: PageClient) -> None:
    _, programme, address = start(client)
    preview = paste(client, address, *GOOD, ("省立医院", "三亚医院"))
    assert preview.texts(".stat-value")[:2] == ["3", "1"]
    assert "“三亚医院”在第 2 行已是受援方" in preview.text
    refused = confirm(client, preview)
    assert refused.status == 422
    assert "还有 1 行有问题" in refused.one("[role=alert]").get_text()
    assert len(refused.select("#import-form tbody tr")) == 4
    assert pairs_of(programme) == []


def test_row_left_out_lets_the_others_in(client: PageClient) -> None:
    _, programme, address = start(client)
    preview = paste(client, address, *GOOD, ("省立医院", "三亚医院"))
    assert confirm(client, preview, skip="3").status == 303
    assert pairs_of(programme) == IMPORTED


def test_cell_is_mended_by_choosing_a_hospital(client: PageClient) -> None:
    _, programme, address = start(client)
    preview = paste(client, address, ("海口医院", "三亚医院"), ("省立医院", ""))
    assert "受援方为空" in preview.text
    wanted = db.session.query(Organisation).filter_by(name="万宁医院").one()
    again = recheck(client, address, preview, **{"supported-1": str(wanted.id)})
    assert again.texts(".stat-value")[:2] == ["2", "0"]
    assert again.one("select[name=supported-1] option[selected]").get_text() == "万宁医院"
    assert pairs_of(programme) == []
    assert confirm(client, again).status == 303
    assert pairs_of(programme)[1] == (2, "省立医院", "万宁医院")


def test_near_name_is_offered_first_and_taken(client: PageClient) -> None:
    _, programme, address = start(client)
    preview = paste(client, address, ("海口医院", "三亚市医院"), ("海口医院", "文昌医院"))
    assert "是否为“三亚医院”？" in preview.text
    near = preview.one("#choice-0 optgroup[label=名称相近] option")
    assert near.get_text() == "三亚医院"
    assert confirm(client, preview, **{"choice-0": near["value"]}).status == 303
    assert pairs_of(programme)[0] == (1, "海口医院", "三亚医院")


def test_unknown_hospital_is_added_with_its_city(client: PageClient) -> None:
    scene, programme, address = start(client)
    before = db.session.query(Organisation).count()
    preview = paste(client, address, ("海口医院", "东方市人民医院"), ("省立医院", "万宁医院"))
    refused = confirm(client, preview, **{"new-0": "on"})
    assert refused.status == 422
    assert refused.one("#city-0-error").get_text() == "请填写所在市。"
    assert refused.one("input[name=new-0]").has_attr("checked")
    assert db.session.query(Organisation).count() == before
    assert confirm(client, refused, **{"city-0": "东方市"}).status == 303
    added = db.session.query(Organisation).filter_by(name="东方市人民医院").one()
    assert (added.city, added.kind.value, added.is_active) == ("东方市", "hospital", True)
    assert pairs_of(programme)[0] == (1, "海口医院", "东方市人民医院")
    event = db.session.query(Event).filter_by(action="pairings_imported").one()
    assert event.details == [["结对", "2 个"], ["新增医院", "东方市人民医院"]]
    assert event.actor_id == scene.centre.id


def test_supporting_hospital_unknown_in_many_rows_is_mended_once(client: PageClient) -> None:
    _, programme, address = start(client)
    preview = paste(client, address, ("琼山医院", "三亚医院、文昌医院、万宁医院"))
    assert len(preview.select("[name^=choice-]")) == 1
    answer = confirm(client, preview, **{"new-0": "on", "city-0": "海口市"})
    assert answer.status == 303
    assert [left for _, left, _ in pairs_of(programme)] == ["琼山医院"] * 3
    assert db.session.query(Organisation).filter_by(name="琼山医院").count() == 1


def test_double_submit_makes_one_import(client: PageClient) -> None:
    _, programme, address = start(client)
    preview = paste(client, address, *GOOD)
    first = confirm(client, preview)
    second = confirm(client, preview)
    assert (first.status, second.status) == (303, 303)
    assert second.location == first.location
    assert pairs_of(programme) == IMPORTED


def test_two_previews_of_one_table_make_one_import(client: PageClient) -> None:
    _, programme, address = start(client)
    mine, theirs = paste(client, address, *GOOD), paste(client, address, *GOOD)
    assert confirm(client, theirs).status == 303
    refused = confirm(client, mine)
    assert refused.status == 422
    assert "本周期已由“海口医院”帮扶" in refused.text
    assert pairs_of(programme) == IMPORTED


def test_table_that_grew_imports_only_what_is_new(client: PageClient) -> None:
    _, programme, address = start(client)
    confirm(client, paste(client, address, GOOD[0]))
    preview = paste(client, address, *GOOD)
    assert preview.texts(".stat-value")[:3] == ["1", "0", "2"]
    assert confirm(client, preview).status == 303
    assert pairs_of(programme) == IMPORTED


def test_table_that_is_all_there_has_nothing_to_import(client: PageClient) -> None:
    _, programme, address = start(client)
    confirm(client, paste(client, address, *GOOD))
    refused = confirm(client, paste(client, address, *GOOD))
    assert (refused.status, "没有可以导入的行" in refused.text) == (422, True)
    assert pairs_of(programme) == IMPORTED


def test_new_hospital_carries_no_character_that_no_database_keeps(client: PageClient) -> None:
    _, programme, address = start(client)
    table = json.dumps([[2, "海口医院", "东方\0医院\ud800"]])
    new = {"name-0": "东方医院", "new-0": "on", "city-0": "\0东方市"}
    assert client.post(f"{address}/confirm", {"table": table, **new}).status == 303
    assert pairs_of(programme) == [(1, "海口医院", "东方医院")]
    assert db.session.query(Organisation).filter_by(name="东方医院").one().city == "东方市"


@pytest.mark.parametrize(
    "table",
    ["", "[]", "{}", "[[1]]", "[[null,null,null]]", "不是", '[["x","a","b"]]', "[[1,2,3]]"],
)
def test_mangled_preview_is_refused(client: PageClient, table: str) -> None:
    _, programme, address = start(client)
    assert client.post(f"{address}/confirm", {"table": table}).status == 422
    assert client.post(address, {"table": table}).status == 422
    assert pairs_of(programme) == []


def test_strange_corrections_are_passed_over(client: PageClient) -> None:
    _, programme, address = start(client)
    table = json.dumps([[2, "海口医院", "三亚医院"]])
    strange = {
        "supporting-x": "1",
        "supporting-²": "1",
        "name-1": "\0",
        "new-1": "on",
        "city-1": "\0",
        "supported-0": "99999999999",
        "choice-0": "-1",
        "skip": ["x", "²"],
    }
    assert client.post(f"{address}/confirm", {"table": table, **strange}).status == 303
    assert len(pairs_of(programme)) == 1


def test_table_of_another_country_is_taken_for_the_wrong_one(client: PageClient) -> None:
    _, _, address = start(client)
    names = "、".join(f"第{n}号陌生机构" for n in range(61))
    page = paste(client, address, ("海口医院", names))
    assert (page.status, "61 家医院没有登记" in page.text) == (422, True)


@pytest.mark.parametrize(
    "role",
    [
        "city",
        "supporting_coordinator",
        "supported_leader",
        "supporting_contributor",
        "expert",
        "administrator",
        "auditor",
    ],
)
def test_everyone_else_finds_no_import(client: PageClient, role: str) -> None:
    scene, programme, address = start(client, role)
    assert client.get(address).status == 404
    assert paste(client, address, *GOOD).status == 404
    table = json.dumps([[2, "海口医院", "三亚医院"]])
    assert client.post(f"{address}/confirm", {"table": table}).status == 404
    assert pairs_of(programme) == []
    with pytest.raises(Forbidden):
        import_table(
            programme,
            [PairLine(2, "海口医院", "三亚医院")],
            None,
            actor=db.session.merge(getattr(scene, role)),
        )


def test_guessed_programme_is_not_found(client: PageClient) -> None:
    start(client)
    assert client.get("/programmes/999999/import").status == 404


def test_import_into_a_running_programme_continues_its_numbers(app) -> None:
    scene = make_scene()
    left, right = make_organisation(), make_organisation()
    lines = [PairLine(2, left.name, right.name)]
    added = import_table(scene.programme, lines, Corrections(), actor=scene.centre)
    assert [one.sequence for one in added] == [3]
    events = db.session.query(Event).filter_by(object_type="pairing", object_id=added[0].id)
    assert [event.title for event in events] == ["建立结对"]
    with pytest.raises(Rejected):
        import_table(scene.programme, lines, Corrections(), actor=scene.centre)


def test_same_hospital_may_support_here_and_be_supported_elsewhere(app) -> None:
    scene = make_scene()
    other = empty_programme(scene.commission)
    pairing = make_pairing(other)
    lines = [PairLine(2, pairing.supported.name, pairing.supporting.name)]
    assert len(import_table(scene.programme, lines, Corrections(), actor=scene.centre)) == 1


def test_preview_takes_a_fixed_number_of_queries(client: PageClient) -> None:
    _, _, address = start(client)
    with count_queries() as few:
        paste(client, address, GOOD[0])
    with count_queries() as many:
        paste(client, address, ("海口医院", "、".join(f"{n}号医院" for n in range(50))))
    few.at_most(7)
    assert len(few) == len(many)


def test_shipped_programme_of_2020_is_loaded_by_the_importer(app) -> None:
    seed.seed()
    programme = db.session.query(Programme).one()
    pairs = pairs_of(programme)
    assert [number for number, _, _ in pairs] == list(range(1, 11))
    assert (len({left for _, left, _ in pairs}), len({right for _, _, right in pairs})) == (4, 10)
    assert pairs[7] == (8, "海南医学院第二附属医院", "海南西部中心医院")
    assert programme.filing_deadline.isoformat() == "2020-05-22"
    assert programme.scheme is not None
    assert db.session.query(Event).filter_by(action="pairings_imported").count() == 1


def test_new_account_of_the_commission_may_import(client: PageClient) -> None:
    scene, _, address = start(client)
    officer = make_user(Role.COMMISSION_OFFICER, scene.commission.organisation)
    client.logout()
    client.login(officer, PASSWORD)
    assert client.get(address).status == 200
