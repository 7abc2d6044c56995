"""Every page of every role: WCAG 2.2 AA by axe, no sideways scrolling at 360 px."""

from __future__ import annotations

import pytest

from tests.browser.players import Cast
from tests.support.browser import at_width, axe

pytestmark = pytest.mark.browser

PAGES = {
    "shengwei-officer": (
        "/",
        "/overview",
        "/tasks",
        "/programmes",
        "/programmes/1",
        "/library",
        "/library/editions",
        "/library/editions/2/changes",
        "/library/tasks/2",
    ),
    "zhongxin-reviewer": (
        "/changes",
        "/closure",
        "/agreements",
        "/agreements/6",
        "/assessments",
        "/assessments/3",
        "/assessments/new",
        "/programmes/1/import",
        "/programmes/new",
        "/admin/users",
        "/library/editions/2",
        "/library/editions/2/tasks/new",
        "/library/editions/2/tasks/50",
        "/tasks/23/standard",
        "/tasks/23/example",
        "/amendments/2",
        "/extensions/2",
        "/papers/templates",
        "/papers/templates/plan/docx",
        "/standards",
    ),
    "haiyi-coordinator": (
        "/",
        "/pairings",
        "/pairings/2",
        "/pairings/2/group",
        "/pairings/2/plan",
        "/pairings/1/amendments",
        "/amendments/1",
        "/plans/1/versions/1",
        "/pairings/2/surveys",
        "/surveys/2",
        "/surveys/2/sheet/2",
        "/surveys/2/report",
        "/surveys/2/gaps",
        "/pairings/2/problems",
        "/problems/8",
        "/pairings/2/lists/measures",
        "/imports",
        "/agreements/delegations",
        "/pairings/2/tasks",
        "/pairings/2/agreement",
        "/pairings/2/meetings",
        "/pairings/2/meetings/new",
        "/pairings/2/evidence?review=1",
        "/pairings/2/gallery",
        "/evidence/84",
        "/pairings/2/assessments",
        "/pairings/2/events",
        "/plans/pick?pairing=2",
        "/meetings",
        "/meetings/7",
        "/account/password",
    ),
    "haiyi2-coordinator": (
        "/pairings/8/plan",
        "/plans/pick?pairing=8",
        "/plans/9/goals",
        "/plans/9/figures",
        "/plans/9/library",
        "/imports/new?kind=plan",
        "/problems/57/tasks",
    ),
    "xibu-leader": ("/", "/surveys/9/report"),
    "danzhou-coordinator": ("/", "/surveys/10", "/surveys/10/sheet/4", "/pairings/10/problems/new"),
    "wenchang-coordinator": (
        "/tasks/132",
        "/tasks/112",
        "/evidence",
        "/evidence/80",
        "/meetings/7/evidence/use",
        "/assessments/2",
        "/assessments/2/print",
    ),
    "haiyi-leader": ("/", "/closure"),
    "wenchang-leader": ("/handovers", "/admin/users/32/handover", "/account/identities"),
    "wenchang-secretary": ("/", "/tasks", "/pairings"),
    "haikou-city": ("/", "/overview", "/tasks"),
    "expert-quanke": ("/", "/assessments", "/assessments/3"),
    "xitong-admin": ("/admin/organisations",),
    "anquan-admin": (
        "/admin/users",
        "/admin/users/new",
        "/admin/users/new-many",
        "/admin/users/32",
        "/admin/security",
        "/account",
    ),
    "anquan-auditor": ("/admin/audit", "/admin/audit/1", "/admin/events"),
}


@pytest.mark.parametrize("username", PAGES)
def test_pages_of_a_role_are_accessible_and_fit_a_phone(cast: Cast, username: str) -> None:
    player = cast[username]
    found = {}
    for path in PAGES[username]:
        answer = player.page.goto(path)
        assert answer is not None
        assert answer.ok, (path, answer.status)
        if problems := axe(player.page):
            found[path] = problems
        at_width(player.page, 360)
    assert not found
