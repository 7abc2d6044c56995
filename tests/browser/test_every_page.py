"""Every page of every role: WCAG 2.2 AA by axe, no sideways scrolling at 360 px."""

from __future__ import annotations

import pytest

from tests.browser.players import Cast
from tests.support.browser import at_width, axe

pytestmark = pytest.mark.browser

PAGES = {
    "shengwei-officer": ("/", "/overview", "/tasks", "/programmes", "/programmes/1", "/library"),
    "zhongxin-reviewer": (
        "/closure",
        "/agreements",
        "/agreements/6",
        "/assessments",
        "/assessments/3",
        "/assessments/new",
        "/programmes/1/import",
        "/programmes/new",
        "/admin/users",
    ),
    "haiyi-coordinator": (
        "/",
        "/pairings",
        "/pairings/2",
        "/pairings/2/group",
        "/pairings/2/plan",
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
    "xibu-coordinator": ("/pairings/8/plan", "/plans/pick?pairing=8"),
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
