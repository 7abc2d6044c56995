"""The leadership group: kept by both hospitals, copied by the supporting one."""

import re

import pytest

from portal import clock
from portal.errors import Forbidden, Rejected, StaleEdit
from portal.extensions import db
from portal.models import Event, GroupRole, LeadershipGroup, Pairing, Side
from portal.services.groups import copy_group, save_group
from tests.factories import PASSWORD, Scene, make_pairing, make_scene
from tests.factories.groups import (
    NAMES,
    complete_group,
    full_entries,
    group_of_supporters,
    group_without_deputy,
    group_without_leader,
    member,
)
from tests.support.pages import PageClient
from tests.support.queries import count_queries

KEEPERS = (
    "supporting_coordinator",
    "supporting_leader",
    "supported_coordinator",
    "supported_leader",
)
READERS = ("commission", "centre", "city")
STRANGERS = (
    "foreign_coordinator",
    "foreign_leader",
    "supporting_contributor",
    "expert",
    "administrator",
    "auditor",
)


def current(pairing: Pairing) -> list[str]:
    group = db.session.query(LeadershipGroup).filter_by(pairing_id=pairing.id).one_or_none()
    return [one.name for one in group.current_members] if group else []


def address_of(scene: Scene) -> str:
    return f"/pairings/{scene.pairing_id}/group"


@pytest.mark.parametrize("role", KEEPERS)
def test_both_hospitals_save_a_group_and_see_its_gaps(client: PageClient, role: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    page = client.get(address_of(scene))
    answer = client.submit(page, "main form", **{"members-0-name": "林一川"})
    assert answer.status == 303
    assert current(scene.pairing) == ["林一川"]
    shown = client.get(f"/pairings/{scene.pairing_id}")
    assert "还差 5 项" in shown.one("#group").get_text()


def test_form_offers_a_line_for_every_empty_seat(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address_of(scene))
    names = {f"members-{number}-name": name for number, name in enumerate(NAMES)}
    assert client.submit(page, "main form", **names).status == 303
    shown = client.get(f"/pairings/{scene.pairing_id}")
    assert "人员构成符合通知要求" in shown.text
    assert shown.texts("#group tbody td[data-label=姓名]") == list(NAMES)


@pytest.mark.parametrize(
    ("make", "gap"),
    [
        (group_without_leader, "缺少组长：海口帮扶医院培训基地负责人"),
        (group_without_deputy, "缺少副组长：文昌受援医院分管领导"),
    ],
)
def test_each_gap_is_named(client: PageClient, make, gap: str) -> None:
    scene = make_scene()
    make(scene.pairing)
    client.login(scene.centre, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}")
    assert page.texts("#group .missing li") == [gap]


@pytest.mark.parametrize("role", STRANGERS)
def test_strangers_are_told_there_is_no_such_pairing(client: PageClient, role: str) -> None:
    scene = make_scene()
    client.login(getattr(scene, role), PASSWORD)
    for address in (address_of(scene), f"{address_of(scene)}/copy"):
        assert client.get(address).status == 404
        assert client.post(address, {"members-0-name": "甲"}).status == 404
    assert current(scene.pairing) == []


@pytest.mark.parametrize("role", READERS)
def test_readers_may_look_but_not_write(client: PageClient, role: str) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(getattr(scene, role), PASSWORD)
    assert "林一川" in client.get(f"/pairings/{scene.pairing_id}").text
    for address in (address_of(scene), f"{address_of(scene)}/copy"):
        assert client.get(address).status == 403
        assert client.post(address, {"members-0-name": "甲"}).status == 403
    assert current(scene.pairing) == list(NAMES)


@pytest.mark.parametrize("role", [*READERS, *STRANGERS])
def test_service_refuses_everyone_else(app, role: str) -> None:
    scene = make_scene()
    group = complete_group(scene.pairing)
    other = make_pairing(scene.programme, scene.pairing.supporting)
    actor = getattr(scene, role)
    with pytest.raises(Forbidden):
        save_group(scene.pairing, [], established_on=None, seen_version=None, actor=actor)
    with pytest.raises(Forbidden):
        copy_group(scene.pairing, [other], actor=actor)
    assert len(group.current_members) == 6


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({f"members-{n}-name": "" for n in range(8)}, "请至少填写一名成员"),
        ({"members-1-role": "leader"}, "组长只能有一人"),
        ({"members-0-role": "deputy"}, "副组长只能有一人"),
        ({"members-2-name": "林一川"}, "林一川重复填写"),
    ],
)
def test_impossible_group_is_refused_and_keeps_what_was_typed(
    client: PageClient, changes, sentence: str
) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address_of(scene))
    refused = client.submit(page, "main form", **{"members-3-job_title": "刚写的", **changes})
    assert refused.status == 422
    assert sentence in refused.one("#members-error").get_text()
    assert refused.one("[name=members-3-job_title]")["value"] == "刚写的"
    assert current(scene.pairing) == list(NAMES)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "长" * 41), ("job_title", "长" * 61), ("side", "third"), ("role", "x"), ("duty", "")],
)
def test_wrong_cell_is_told_beside_it(client: PageClient, field: str, value: str) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address_of(scene))
    refused = client.submit(page, "main form", **{f"members-0-{field}": value})
    assert refused.status == 422
    assert refused.one(f"#members-0-{field}")["aria-invalid"] == "true"
    sentences = "".join(refused.texts("p.error"))
    assert sentences
    assert not re.search("[A-Za-z]", sentences)
    assert current(scene.pairing) == list(NAMES)


def test_names_are_kept_without_the_space_and_nul_around_them(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address_of(scene))
    typed = {"members-0-name": " 林\0小满 ", "members-1-name": " \0 "}
    assert client.submit(page, "main form", **typed).status == 303
    assert current(scene.pairing) == ["林小满", *NAMES[2:]]


def test_more_lines_are_added_without_losing_any(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address_of(scene))
    before = len(page.select(".form-line"))
    typed = {"members-0-name": "林一川", "more": "1"}
    longer = client.submit(page, "main form", **typed)
    assert longer.status == 200
    assert len(longer.select(".form-line")) == before + 2
    assert longer.one("[name=members-0-name]")["value"] == "林一川"
    assert current(scene.pairing) == []
    # The key of the first page is still free: drawing it again was no submission.
    saved = client.submit(page, "main form", **{"members-0-name": "林一川"})
    assert saved.location == f"/pairings/{scene.pairing_id}"
    assert current(scene.pairing) == ["林一川"]


def test_cleared_name_means_that_the_member_left_today(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(scene.supported_leader, PASSWORD)
    page = client.get(address_of(scene))
    assert client.submit(page, "main form", **{"members-2-name": ""}).status == 303
    group = db.session.query(LeadershipGroup).one()
    left = [one for one in group.members if one.left_on]
    assert [(one.name, one.left_on) for one in left] == [(NAMES[2], clock.today())]
    event = db.session.query(Event).filter_by(object_type="group").order_by(Event.id.desc()).first()
    assert event is not None
    assert event.details == [["离任", f"成员 {NAMES[2]}"]]
    history = client.get(address_of(scene))
    assert NAMES[2] in history.text
    assert len(history.select(".timeline .event")) == 2


def test_saving_without_a_change_adds_no_event(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(scene.supporting_leader, PASSWORD)
    before = db.session.query(Event).filter_by(object_type="group").count()
    assert client.submit(client.get(address_of(scene)), "main form").status == 303
    assert db.session.query(Event).filter_by(object_type="group").count() == before


def test_later_of_two_editors_gets_both_versions(client: PageClient, new_client) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    mine, theirs = client.get(address_of(scene)), other.get(address_of(scene))
    assert other.submit(theirs, "main form", **{"members-1-name": "冯德韬"}).status == 303
    late = client.submit(mine, "main form", **{"members-0-job_title": "我写的职务"})
    assert late.status == 409
    sides = late.texts(".conflict-sides section")
    assert "我写的职务" in sides[0]
    assert "冯德韬" in sides[1]
    assert "冯德韬" not in sides[0]
    assert scene.supported_coordinator.name in late.one(".conflict").get_text()
    assert late.one("[name=members-0-job_title]")["value"] == "我写的职务"
    assert client.submit(late, "main form").status == 303


def test_two_first_groups_do_not_overwrite_each_other(client: PageClient, new_client) -> None:
    scene = make_scene()
    other = new_client()
    client.login(scene.supporting_coordinator, PASSWORD)
    other.login(scene.supported_coordinator, PASSWORD)
    mine, theirs = client.get(address_of(scene)), other.get(address_of(scene))
    assert other.submit(theirs, "main form", **{"members-1-name": "冯德韬"}).status == 303
    assert client.submit(mine, "main form", **{"members-0-name": "林一川"}).status == 409
    assert current(scene.pairing) == ["冯德韬"]


def test_stale_version_is_refused_by_the_service(app) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    with pytest.raises(StaleEdit):
        save_group(
            scene.pairing,
            full_entries(),
            established_on=None,
            seen_version=99,
            actor=scene.supporting_coordinator,
        )


def test_double_click_saves_one_group(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(address_of(scene))
    for _ in range(2):
        answer = client.submit(page, "main form", **{"members-0-name": "林一川"})
        assert answer.status == 303
    assert db.session.query(Event).filter_by(object_type="group").count() == 1


def test_supporting_hospital_copies_its_people_to_its_other_pairings(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    empty = make_pairing(scene.programme, scene.pairing.supporting)
    filled = make_pairing(scene.programme, scene.pairing.supporting)
    left_out = make_pairing(scene.programme, scene.pairing.supporting)
    actor = scene.supporting_coordinator
    lines = [member("邢博渊", Side.SUPPORTING, GroupRole.LEADER), member("潘若愚")]
    save_group(filled, lines, established_on=None, seen_version=None, actor=actor)
    client.login(actor, PASSWORD)
    page = client.get(f"{address_of(scene)}/copy")
    assert page.texts("tbody td[data-label=姓名]") == [NAMES[0], NAMES[2], NAMES[4]]
    assert len(page.select("input[name=targets][checked]")) == 3
    answer = client.submit(page, "main form", targets=[str(empty.id), str(filled.id)])
    assert answer.status == 303
    ours = [NAMES[0], NAMES[2], NAMES[4]]
    assert current(empty) == ours
    assert current(filled) == [*ours, "潘若愚"]
    assert current(left_out) == []
    assert "复制到 2 个结对" in client.get(answer.location).text


@pytest.mark.parametrize("role", ["supported_coordinator", "supported_leader"])
def test_supported_hospital_has_nothing_to_copy(client: PageClient, role: str) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(f"{address_of(scene)}/copy").status == 403
    shown = client.get(f"/pairings/{scene.pairing_id}")
    assert shown.select("a[href$='/group/copy']") == []


def test_copying_to_nothing_or_to_a_foreign_pairing_is_refused(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    make_pairing(scene.programme, scene.pairing.supporting)
    client.login(scene.supporting_coordinator, PASSWORD)
    address = f"{address_of(scene)}/copy"
    assert "请至少选择一个结对" in client.post(address, {}).one("#targets-error").get_text()
    foreign = client.post(address, {"targets": [str(scene.foreign.id)]})
    assert foreign.status == 422
    assert client.post(address, {"targets": ["x"]}).status == 422
    assert current(scene.foreign) == []


def test_service_copies_to_own_pairings_only(app) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    with pytest.raises(Rejected):
        copy_group(scene.pairing, [scene.foreign], actor=scene.supporting_coordinator)
    assert current(scene.foreign) == []


def test_copy_that_would_make_two_leaders_names_the_pairing(app) -> None:
    scene = make_scene()
    group_of_supporters(scene.pairing)
    target = make_pairing(scene.programme, scene.pairing.supporting)
    actor = scene.supporting_coordinator
    lines = [member("潘若愚", Side.SUPPORTED, GroupRole.LEADER)]
    save_group(target, lines, established_on=None, seen_version=None, actor=actor)
    with pytest.raises(Rejected, match="组长只能有一人") as caught:
        copy_group(scene.pairing, [target], actor=actor)
    assert target.supported.short_name in caught.value.sentence


def test_group_without_own_people_offers_to_fill_it_first(client: PageClient) -> None:
    scene = make_scene()
    make_pairing(scene.programme, scene.pairing.supporting)
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"{address_of(scene)}/copy")
    assert page.one(".empty a")["href"] == address_of(scene)
    refused = client.post(f"{address_of(scene)}/copy", {"targets": [str(scene.foreign.id)]})
    assert refused.status == 422


def test_only_pairing_of_a_hospital_has_nowhere_to_copy(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    client.login(scene.supporting_coordinator, PASSWORD)
    assert "没有其他结对" in client.get(f"{address_of(scene)}/copy").text


def test_copy_page_takes_a_fixed_number_of_queries(client: PageClient) -> None:
    scene = make_scene()
    complete_group(scene.pairing)
    for _ in range(6):
        complete_group(make_pairing(scene.programme, scene.pairing.supporting))
    client.login(scene.supporting_coordinator, PASSWORD)
    with count_queries() as queries:
        client.get(f"{address_of(scene)}/copy")
    queries.at_most(7)
