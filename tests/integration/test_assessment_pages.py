import pytest

from tests.factories import PASSWORD, make_scene
from tests.factories import assessments as made
from tests.support.pages import PageClient


@pytest.mark.parametrize(
    "state",
    [
        "self_assessing",
        "one_side_submitted",
        "submitted",
        "in_review",
        "reviewed",
        "provisional",
        "appealed",
        "final_assessment",
    ],
)
@pytest.mark.parametrize(
    "who", ["commission", "centre", "city", "supporting_coordinator", "supported_leader"]
)
def test_show(client: PageClient, state, who):
    s = make_scene()
    a = getattr(made, state)(s)
    client.login(getattr(s, who), PASSWORD)
    for path in (
        f"/assessments/{a.id}",
        f"/assessments/{a.id}/print",
        "/assessments",
        f"/pairings/{s.pairing_id}/assessments",
    ):
        page = client.get(path)
        assert page.status == 200, page.text
    for x in a.scores:
        if x.item.rule:
            assert client.get(f"/assessments/{a.id}/items/{x.item_id}").status == 200
