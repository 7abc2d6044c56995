"""The main menu, by role."""

from dataclasses import dataclass

from flask import current_app, request, url_for
from flask_login import current_user

from portal.models import ADMINISTRATIVE_ROLES, Role, User

PROVINCE = {Role.COMMISSION_OFFICER, Role.CENTRE_REVIEWER}
HOSPITAL = {Role.BASE_COORDINATOR, Role.BASE_LEADER}
READERS = PROVINCE | HOSPITAL | {Role.CITY_OFFICER}


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    label: str
    endpoint: str
    icon: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Link:
    """A line as one viewer sees it now."""

    label: str
    endpoint: str
    icon: str
    url: str
    active: bool


ENTRIES = (
    Entry("工作台", "workbench.show", "house", frozenset(Role) - ADMINISTRATIVE_ROLES),
    Entry("总览", "overview.show", "grid-3x3-gap", frozenset(READERS)),
    Entry("结对", "pairings.list_pairings", "people", frozenset(READERS | {Role.CONTRIBUTOR})),
    Entry("任务台账", "tasks.list_tasks", "list-check", frozenset(READERS | {Role.CONTRIBUTOR})),
    Entry(
        "销号审核",
        "closure.review_queue",
        "clipboard-check",
        frozenset({Role.BASE_LEADER, Role.CENTRE_REVIEWER}),
    ),
    Entry(
        "变更审批",
        "amendments.list_changes",
        "arrow-clockwise",
        frozenset({Role.BASE_LEADER, Role.CENTRE_REVIEWER}),
    ),
    Entry("协议备案", "agreements.list_agreements", "file-earmark-text", frozenset(READERS)),
    Entry("会议", "meetings.list_meetings", "calendar-event", frozenset(READERS)),
    Entry(
        "佐证材料",
        "evidence.list_library",
        "folder2-open",
        frozenset(READERS | {Role.CONTRIBUTOR}),
    ),
    Entry("年度考核", "assessments.list_assessments", "award", frozenset(READERS | {Role.EXPERT})),
    Entry("工作交接", "handovers.list_people", "person", frozenset(HOSPITAL)),
    Entry("帮扶周期", "programmes.list_programmes", "flag", frozenset(PROVINCE)),
    Entry("对照标准", "standards.list_standards", "clipboard-data", frozenset(PROVINCE | HOSPITAL)),
    Entry("标准任务库", "library.list_tasks", "journal-text", frozenset(PROVINCE | HOSPITAL)),
    Entry(
        "文书模板",
        "papers.list_templates",
        "file-earmark-word",
        frozenset({Role.CENTRE_REVIEWER}),
    ),
    Entry(
        "账号",
        "admin.list_users",
        "person",
        frozenset({Role.SECURITY_ADMINISTRATOR, Role.CENTRE_REVIEWER}),
    ),
    Entry("安全设置", "admin.edit_security", "lock", frozenset({Role.SECURITY_ADMINISTRATOR})),
    Entry("单位", "admin.list_organisations", "building", frozenset({Role.ADMINISTRATOR})),
    Entry("审计日志", "admin.list_audit", "shield-check", frozenset({Role.AUDITOR})),
)

HOMES = {
    Role.ADMINISTRATOR: "admin.list_organisations",
    Role.SECURITY_ADMINISTRATOR: "admin.list_users",
    Role.AUDITOR: "admin.list_audit",
}
"""Where those begin who have no business in the pairings, and so no workbench."""


def home_url(user: User) -> str:
    """Return the page a person lands on: the workbench, or the only pages they have."""
    first = HOMES.get(user.role, "workbench.show")
    return url_for(first) if first in current_app.view_functions else "/"


def navigation() -> list[Link]:
    """Return the menu of the person logged in."""
    if not current_user.is_authenticated:
        return []
    known = current_app.view_functions
    mine = [e for e in ENTRIES if current_user.role in e.roles and e.endpoint in known]
    here = _entry_here(mine)
    return [Link(e.label, e.endpoint, e.icon, url_for(e.endpoint), e is here) for e in mine]


ELSEWHERE = {"standards.show_gaps": "pairings.list_pairings"}
"""Pages that stand below another line of the menu than their blueprint says."""


def _entry_here(entries: list[Entry]) -> Entry | None:
    """Return the line of the page at hand: the page itself, else the first of its area."""
    endpoint = request.endpoint or ""
    endpoint = ELSEWHERE.get(endpoint, endpoint)
    area = endpoint.partition(".")[0]
    same_area = [e for e in entries if e.endpoint.partition(".")[0] == area]
    return next((e for e in same_area if e.endpoint == endpoint), next(iter(same_area), None))
