"""The leadership group's page, through a real client."""

from portal.extensions import db
from portal.models import LeadershipGroup
from tests.factories import PASSWORD, make_scene
from tests.support.pages import PageClient


def test_supporting_coordinator_saves_a_group_and_sees_its_gaps(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.supporting_coordinator, PASSWORD)
    page = client.get(f"/pairings/{scene.pairing_id}/group")
    answer = client.submit(page, "main form", **{"members-0-name": "林一川"})
    assert answer.status == 303
    group = db.session.query(LeadershipGroup).one()
    assert [member.name for member in group.members] == ["林一川"]
    shown = client.get(f"/pairings/{scene.pairing_id}")
    assert "还差 5 项" in shown.text


def test_foreign_coordinator_is_told_there_is_no_such_pairing(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.foreign_coordinator, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}/group").status == 404


def test_centre_reviewer_may_look_but_not_write(client: PageClient) -> None:
    scene = make_scene()
    client.login(scene.centre, PASSWORD)
    assert client.get(f"/pairings/{scene.pairing_id}").status == 200
    assert client.get(f"/pairings/{scene.pairing_id}/group").status == 403
