"""Keeping the organisations, through the administration's pages."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.errors import Forbidden
from portal.extensions import db
from portal.models import BaseKind, Event, Organisation, OrganisationKind, Role, User
from portal.services import organisations
from portal.services.organisations import OrganisationEntry
from tests.factories import PASSWORD, make_organisation, make_scene, make_user
from tests.factories.accounts import (
    make_administrator,
    make_centre_reviewer,
    make_hospital_with_base,
)
from tests.support.pages import PageClient
from tests.support.queries import count_queries

FILLED = {
    "name": "某县人民医院",
    "short_name": "某县医院",
    "kind": "hospital",
    "city": "某县",
    "bases": ["gp_residency", "gp_transfer"],
}


def called(name: str) -> Organisation | None:
    return db.session.query(Organisation).filter_by(name=name).one_or_none()


def test_centre_adds_a_hospital_with_its_bases(client: PageClient) -> None:
    keeper = make_centre_reviewer()
    client.login(keeper, PASSWORD)
    page = client.get("/admin/organisations/new")
    assert client.submit(page, "main form", **FILLED).location == "/admin/organisations"
    hospital = called("某县人民医院")
    assert hospital is not None
    assert (hospital.short_name, hospital.city) == ("某县医院", "某县")
    assert {base.kind for base in hospital.bases} == {BaseKind.GP_RESIDENCY, BaseKind.GP_TRANSFER}
    event = db.session.query(Event).filter_by(object_type="organisation").one()
    assert (event.object_id, event.actor_id, event.action) == (hospital.id, keeper.id, "added")
    listed = client.get("/admin/organisations").text
    assert "全科住培、转岗培训" in listed


def test_form_sent_twice_adds_one_organisation(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    page = client.get("/admin/organisations/new")
    for _ in range(2):
        assert client.submit(page, "main form", **FILLED).status == 303
    assert db.session.query(Organisation).filter_by(name="某县人民医院").count() == 1


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"name": ""}, "name", "请填写单位名称"),
        ({"name": "已有医院"}, "name", "已有同名单位"),
        ({"name": "长" * 101}, "name", "最多 100 个字"),
        ({"short_name": ""}, "short_name", "请填写简称"),
        ({"kind": ""}, "kind", "请选择类别"),
        ({"city": " "}, "city", "请填写所在市县"),
        ({"kind": "city_commission"}, "bases", "只有医院可以有培训基地"),
        ({"kind": "city_commission", "bases": [], "city": ""}, "city", "请填写所在市县"),
    ],
)
def test_unfit_organisation_is_refused_and_what_was_typed_stays(
    client: PageClient, changed: dict[str, Any], field: str, says: str
) -> None:
    make_organisation(name="已有医院")
    client.login(make_administrator(), PASSWORD)
    values = FILLED | changed
    page = client.submit(client.get("/admin/organisations/new"), "main form", **values)
    assert page.status == 422
    assert says in page.texts(f"#{field}-error")[0]
    for kept in {"name", "short_name"} - {field}:
        assert page.one(f"#{kept}")["value"] == values[kept]
    ticked = {box["value"] for box in page.select("[name=bases][checked]")}
    assert ticked == set(values["bases"])
    assert called("某县人民医院") is None


def test_editing_keeps_the_bases_that_stay_and_records_what_changed(client: PageClient) -> None:
    hospital = make_hospital_with_base(BaseKind.GP_RESIDENCY)
    kept = hospital.bases[0].id
    client.login(make_administrator(), PASSWORD)
    page = client.get(f"/admin/organisations/{hospital.id}")
    client.submit(page, "main form", short_name="新简称", bases=["gp_residency", "assistant_gp"])
    assert [base.kind for base in hospital.bases] == [BaseKind.GP_RESIDENCY, BaseKind.ASSISTANT_GP]
    assert hospital.bases[0].id == kept
    event = db.session.query(Event).filter_by(object_type="organisation").one()
    assert [label for label, _ in event.details] == ["简称", "培训基地"]


def test_kind_is_fixed_once_accounts_hang_on_it(client: PageClient) -> None:
    hospital = make_organisation()
    make_user(Role.BASE_LEADER, hospital)
    client.login(make_administrator(), PASSWORD)
    page = client.get(f"/admin/organisations/{hospital.id}")
    refused = client.submit(page, "main form", kind="city_commission")
    assert refused.status == 422
    assert "类别不能再改" in refused.texts("#kind-error")[0]
    assert hospital.kind is OrganisationKind.HOSPITAL


def test_kind_is_fixed_once_a_pairing_hangs_on_it(client: PageClient) -> None:
    hospital = make_scene().foreign.supporting
    db.session.query(User).filter_by(organisation_id=hospital.id).delete()
    client.login(make_administrator(), PASSWORD)
    page = client.get(f"/admin/organisations/{hospital.id}")
    assert client.submit(page, "main form", kind="centre").status == 422


def test_kind_may_be_mended_while_nothing_hangs_on_it(client: PageClient) -> None:
    wrong = make_organisation()
    client.login(make_administrator(), PASSWORD)
    page = client.get(f"/admin/organisations/{wrong.id}")
    assert client.submit(page, "main form", kind="city_commission").status == 303
    assert wrong.kind is OrganisationKind.CITY_COMMISSION


@pytest.mark.parametrize("kind", [OrganisationKind.COMMISSION, OrganisationKind.CENTRE])
def test_centre_sees_the_provinces_own_organisations_but_may_not_edit_them(
    client: PageClient, kind: OrganisationKind
) -> None:
    organisation, keeper = make_organisation(kind), make_centre_reviewer()
    client.login(keeper, PASSWORD)
    assert client.get(f"/admin/organisations/{organisation.id}").status == 403
    page = client.get("/admin/organisations")
    assert organisation.name in page.text
    assert page.select(f"a[href='/admin/organisations/{organisation.id}']") == []
    entry = OrganisationEntry("新的", "新的", kind, "", [])
    with pytest.raises(Forbidden):
        organisations.add_organisation(entry, actor=keeper)
    hospital = make_organisation()
    with pytest.raises(Forbidden):
        organisations.edit_organisation(hospital, entry, seen=None, actor=keeper)


def test_later_of_two_editors_is_told_and_sees_both_texts(
    new_client: Callable[[], PageClient],
) -> None:
    hospital = make_organisation()
    first, second = new_client(), new_client()
    first.login(make_administrator(), PASSWORD)
    second.login(make_centre_reviewer(), PASSWORD)
    address = f"/admin/organisations/{hospital.id}"
    page, stale = first.get(address), second.get(address)
    first.submit(page, "main form", short_name="甲简称")
    told = second.submit(stale, "main form", short_name="乙简称")
    assert told.status == 409
    assert "甲简称" in told.one(".conflict").get_text()
    assert told.one("#short_name")["value"] == "乙简称"
    assert hospital.short_name == "甲简称"


def test_list_asks_a_fixed_number_of_queries(client: PageClient) -> None:
    client.login(make_administrator(), PASSWORD)
    for _ in range(30):
        make_user(Role.BASE_LEADER, make_hospital_with_base())
    with count_queries() as queries:
        client.get("/admin/organisations")
    # The account of the request, the organisations, their bases, the number of their accounts.
    queries.at_most(4)
