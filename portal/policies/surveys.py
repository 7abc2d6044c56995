"""Who may do what with a site survey, who sees it, and whom it waits for (H-32, §12.3)."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from portal import clock
from portal.models import Pairing, Role, Side, SiteSurvey, SurveyState, User
from portal.policies.decision import Decision, yes_if
from portal.policies.pairings import works_in
from portal.policies.scope import sees_all_pairings, side_of, visible_pairings
from portal.workdays import workdays_between

READERS = frozenset(
    {
        Role.COMMISSION_OFFICER,
        Role.CENTRE_REVIEWER,
        Role.CITY_OFFICER,
        Role.BASE_COORDINATOR,
        Role.BASE_LEADER,
    }
)
OPEN_STATES = (SurveyState.PLANNED, SurveyState.IN_FIELD, SurveyState.REPORT_DRAFT)
PLAN_STATES = (SurveyState.PLANNED, SurveyState.IN_FIELD)
"""Dates, team and departments may change until the report is written."""

REPORT_STATES = (SurveyState.IN_FIELD, SurveyState.REPORT_DRAFT)
"""Summary and advice may be written in the field, and mended until both sides confirmed."""


def reads_surveys(viewer: User) -> bool:
    """Whether the viewer's role has to do with surveys at all; a contributor's has not."""
    return viewer.role in READERS


def visible_surveys(viewer: User) -> sa.ColumnElement[bool]:
    """Return the condition on SiteSurvey under which ``viewer`` sees it."""
    if sees_all_pairings(viewer):
        return sa.true()
    if not reads_surveys(viewer):
        return sa.false()
    return SiteSurvey.pairing_id.in_(sa.select(Pairing.id).where(visible_pairings(viewer)))


def can_plan_survey(viewer: User, pairing: Pairing) -> Decision:
    """The coordinators of both hospitals plan the visit."""
    mine = viewer.role is Role.BASE_COORDINATOR and side_of(viewer, pairing) is not None
    return yes_if(mine, "只有结对双方的基地管理员可以安排和填写实地调研。")


def can_fill(viewer: User, survey: SiteSurvey) -> Decision:
    """The same people change the plan, fill the sheet and add photos: both know figures."""
    return can_plan_survey(viewer, survey.pairing)


def can_conduct(viewer: User, survey: SiteSurvey) -> Decision:
    """The supporting hospital makes the visit: it goes into the field (H-32)."""
    ours = side_of(viewer, survey.pairing) is Side.SUPPORTING and works_in(viewer, survey.pairing)
    return yes_if(ours, "实地调研由帮扶方开展，只有帮扶方的基地管理员或负责人可以开始。")


def can_write_report(viewer: User, survey: SiteSurvey) -> Decision:
    """The visitors write the report; their leader, who confirms it, does not (four eyes)."""
    ours = side_of(viewer, survey.pairing) is Side.SUPPORTING
    return yes_if(
        ours and viewer.role is Role.BASE_COORDINATOR, "调研报告由帮扶方的基地管理员撰写。"
    )


def can_send_back(viewer: User, survey: SiteSurvey) -> Decision:
    """Either side may send the report back to the field, whoever confirms it included."""
    return yes_if(
        works_in(viewer, survey.pairing), "只有结对双方的基地管理员或负责人可以退回补充调研。"
    )


def can_confirm(viewer: User, survey: SiteSurvey) -> Decision:
    """Each side's leader confirms the report for the own side only."""
    mine = viewer.role is Role.BASE_LEADER and side_of(viewer, survey.pairing) is not None
    return yes_if(mine, "只有结对双方的基地负责人可以确认调研报告，且只能代表本单位确认。")


@dataclass(frozen=True)
class Waiting:
    """Who must do what next, and since which Shanghai day they have been waited for.

    The day may lie ahead: nobody waits for a visit before its date.
    """

    who: str
    what: str
    since: date

    @property
    def days(self) -> int:
        """For how many working days."""
        return workdays_between(self.since, clock.today())


def waits_for(survey: SiteSurvey) -> list[Waiting]:
    """Return who must act next, one entry for each; empty once nothing is left to do."""
    since, pairing = clock.local_date(survey.state_since), survey.pairing
    supporting = pairing.organisation_on(Side.SUPPORTING).short_name
    if survey.state is SurveyState.PLANNED:
        return [
            Waiting(f"{supporting}基地管理员或负责人", "开始实地调研", max(since, survey.starts_on))
        ]
    if survey.state is SurveyState.IN_FIELD:
        what = "按退回意见补充调研" if survey.return_reason else "完成实地调研和报告"
        return [Waiting("双方基地管理员", what, since)]
    if survey.state is SurveyState.REPORT_DRAFT:
        return [
            Waiting(f"{pairing.organisation_on(side).short_name}负责人", "确认调研报告", since)
            for side in Side
            if survey.confirmation_of(side) is None
        ]
    return []
