"""Whatever somebody types into the address bar, the answer is a page and never an error."""

from datetime import date
from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import MultiDict

from portal.models import Area
from portal.row_ids import row_id
from portal.services.plan_versions import ensure_version
from portal.web.address import day_of, id_of, kept_of, member_of, text_of
from tests.factories import PASSWORD, make_scene
from tests.factories.meetings import planned_meeting
from tests.factories.plans import plan_in_force
from tests.support.pages import PageClient

NONSENSE = (
    str(10**20),
    str(-(10**20)),
    "-1",
    "abc",
    "²",
    "\0",
    "0001-01-01",
    "9999-12-31",
    "~",
    "2021-03-15~²",
    f"2021-03-15~{10**20}",
    f"2021-03-15T00:00:00+00:00~{10**20}",
    "0001-01-01T00:00:00+08:00~1",
    "9999-12-31T23:00:00-08:00~1",
    "A\0~1",
    f"{10**16}-{10**8}",
)

# Names joined by commas get the same nonsense at once; a space begins another request.
LISTS = [
    ("centre", "/tasks", "programme,pairing,organisation,area,state,light,weight,q,sort,after"),
    ("centre", "/tasks?sort=since", "after"),
    ("centre", "/tasks?sort=code", "after"),
    ("centre", "/tasks.xlsx", "programme,pairing,organisation,q,after"),
    ("centre", "/pairings/{pairing}/tasks", "programme,organisation,q,after"),
    ("centre", "/agreements", "programme,state,late,page"),
    ("centre", "/meetings", "state,pairing,overdue,after before"),
    ("centre", "/assessments", "year,state,programme"),
    ("centre", "/assessments/new", "programme"),
    ("centre", "/closure", "queue after"),
    ("centre", "/overview", "programme"),
    ("centre", "/library", "area,weight,q"),
    ("centre", "/pairings", "programme,supporting,q"),
    ("centre", "/", "kind"),
    ("supported_coordinator", "/pairings/{pairing}/evidence", "q,before after"),
    ("supported_coordinator", "/tasks/{task}/evidence/use", "q,requirement"),
    ("supported_coordinator", "/plans/pick", "pairing"),
    ("supported_coordinator", "/pairings/{pairing}/meetings/new", "kind"),
    ("security_administrator", "/admin/users", "role,organisation,q,active,before after"),
    (
        "auditor",
        "/admin/audit",
        "person,kind,result,object,number,q,address,since,before until,after",
    ),
    ("centre", "/plans/{plan}/versions/compare", "from,to from to"),
    ("auditor", "/admin/events", "person,object,action,since,before until,after"),
]


@pytest.mark.parametrize(("role", "path", "names"), LISTS, ids=[f"{r}-{p}" for r, p, _ in LISTS])
def test_nonsense_in_an_address_is_answered_with_a_page(
    client: PageClient, role: str, path: str, names: str
) -> None:
    scene = make_scene()
    plan = plan_in_force(scene.pairing, scene)
    task = plan.tasks[0]
    ensure_version(plan, actor=scene.centre)
    planned_meeting(scene, on=date(2021, 3, 15))
    address = path.format(pairing=scene.pairing.id, task=task.id, plan=plan.id)
    joint = "&" if "?" in address else "?"
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(address).status == 200
    for value in NONSENSE:
        for together in names.split():
            said = urlencode(dict.fromkeys(together.split(","), value))
            page = client.get(f"{address}{joint}{said}")
            assert page.status in (200, 404), (said, page.status)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("2147483647", 2**31 - 1),
        ("2147483648", None),
        ("9" * 5000, None),
        ("0", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("１", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_number_that_a_row_can_have_is_an_id(text: str | None, number: int | None) -> None:
    assert row_id(text) == number
    assert id_of(MultiDict({} if text is None else {"task": text}), "task") == number


def test_words_are_trimmed_cut_and_freed_of_nul() -> None:
    said = MultiDict({"q": " 全\0科基地 ", "role": " ", "other": "x"})
    assert text_of(said, "q", 3) == "全科基"
    assert text_of(said, "missing", 3) == ""
    assert kept_of(said, ("q", "role", "missing")) == {"q": "全科基地"}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021-03-15", date(2021, 3, 15)),
        ("9999-12-31", None),
        ("0001-01-01", None),
        ("2021-02-30", None),
        ("", None),
    ],
)
def test_only_a_day_with_neighbours_is_a_day(text: str, day: date | None) -> None:
    assert day_of(MultiDict({"since": text}), "since") == day


@pytest.mark.parametrize(
    ("text", "member"), [("teaching_activities", Area.TEACHING), ("nothing", None), (None, None)]
)
def test_only_a_slug_names_a_member(text: str | None, member: Area | None) -> None:
    assert member_of(Area, text) is member
