"""The tabs every page of a pairing carries."""

from dataclasses import dataclass

from flask import current_app, url_for
from flask_login import current_user

from portal.models import Pairing, Role


@dataclass(frozen=True)
class Tab:
    """One tab as one viewer sees it."""

    label: str
    url: str
    active: bool


# Tab, endpoint (all take pairing_id), and whether a contributor may open it.
TABS = (
    ("概况", "pairings.show_pairing", True),
    ("协议", "agreements.show_for_pairing", False),
    ("调研与问题", "surveys.list_for_pairing", False),
    ("计划", "plans.show_plan", False),
    ("任务", "tasks.list_for_pairing", True),
    ("会议", "meetings.list_for_pairing", False),
    ("佐证", "evidence.list_for_pairing", False),
    ("考核", "assessments.list_for_pairing", False),
    ("动态", "pairings.list_events", False),
)


def pairing_tabs(pairing: Pairing, active: str) -> list[Tab]:
    """Return the tabs of ``pairing``; ``active`` is the label of the one being shown."""
    contributor = current_user.role is Role.CONTRIBUTOR
    return [
        Tab(label, url_for(endpoint, pairing_id=pairing.id), label == active)
        for label, endpoint, for_contributors in TABS
        if endpoint in current_app.view_functions and (for_contributors or not contributor)
    ]
