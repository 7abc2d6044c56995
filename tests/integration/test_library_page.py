"""The library of standard tasks, as it is read."""

import pytest
from sqlalchemy.orm import Session

from portal.models import EditionState, LibraryTask
from portal.queries.library import basis_of, library_tasks
from portal.services.first_run import load_task_library
from tests.factories import PASSWORD, make_scene
from tests.factories.plans import make_edition, make_library_task
from tests.support.pages import PageClient
from tests.support.queries import count_queries


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("commission", 200),
        ("centre", 200),
        ("supporting_coordinator", 200),
        ("supported_leader", 200),
        ("city", 403),
        ("supported_contributor", 403),
        ("expert", 403),
        ("administrator", 403),
        ("auditor", 403),
    ],
)
def test_library_is_read_by_province_coordinators_and_leaders(
    client: PageClient, who: str, status: int
) -> None:
    scene = make_scene()
    client.login(getattr(scene, who), PASSWORD)
    assert client.get("/library").status == status


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({}, 48),
        ({"area": "incentives"}, 6),
        ({"weight": "3"}, 15),
        ({"area": "faculty", "weight": "3"}, 1),
        ({"q": "独立的全科病房"}, 1),
        ({"q": "a-02"}, 1),
        ({"q": "%"}, None),
        ({"q": "没有这个词"}, 0),
        ({"area": "nowhere", "weight": "seven"}, 48),
    ],
)
def test_filters_narrow_the_list(
    client: PageClient, query: dict[str, str], rows: int | None
) -> None:
    scene = make_scene()
    load_task_library()
    client.login(scene.centre, PASSWORD)
    page = client.get("/library", query)
    found = len(page.select("tbody tr"))
    # A percent sign is searched for as such and stands in some criteria, not in all.
    assert found == rows if rows is not None else 0 < found < 48
    assert ("没有符合条件的标准任务" in page.text) is (found == 0)


def test_page_shows_criteria_evidence_basis_and_the_unverified_mark(client: PageClient) -> None:
    scene = make_scene()
    make_library_task("A-02", evidence=("成立文件", "任命文件"), verified=False)
    client.login(scene.supported_leader, PASSWORD)
    with count_queries() as queries:
        page = client.get("/library")
    row = " ".join(page.one("tbody tr").get_text().split())
    for said in ("达到标准要求", "待核实", "佐证：成立文件、任命文件", "依据：通知二（一）"):
        assert said in row
    # Who asks, the tasks, the edition and the examples.
    queries.at_most(4)


def test_only_the_published_edition_is_shown(session: Session) -> None:
    make_library_task("A-01", edition="2020-1", weight=3)
    newer = make_library_task("A-01", edition="2021-1", weight=3)
    make_edition("2022-1", EditionState.DRAFT)
    make_library_task("A-01", edition="2022-1", weight=3)
    assert library_tasks() == library_tasks(weight=3) == [newer]


@pytest.mark.parametrize(
    ("basis", "shown"),
    [
        ("通知二（一）；H-10；§8.1.4", "通知二（一）；基地评估指标"),
        ("通知二（二）；H-12、H-41；§8.2.1、§8.2.3（从严口径6次）；4次为门户建议值",)
        + ("通知二（二）；基地评估指标（从严口径6次）；4次为门户建议值",),
        ("通知二（四）；H-18；S-06（282学时）", "通知二（四）；助理全科培训规定（282学时）"),
        ("通知二（一）；床医比、床护比见§8.1.7，未核实", "通知二（一）；床医比、床护比未核实"),
        ("通知二（五）；H-22（四类对象）；90%为门户建议值", "通知二（五）；90%为门户建议值"),
    ],
)
def test_basis_is_told_without_our_own_reference_numbers(basis: str, shown: str) -> None:
    assert basis_of(LibraryTask(basis=basis)) == shown


def test_no_shipped_basis_shows_a_reference_number(session: Session) -> None:
    load_task_library()
    assert not [
        one.code for one in library_tasks() if "§" in basis_of(one) or "H-" in basis_of(one)
    ]
