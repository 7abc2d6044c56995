"""What a fresh revision of an agreement says: the facts of a draft, and the copy after a return."""

from datetime import datetime

import sqlalchemy as sa

from portal.extensions import db
from portal.models import (
    AgreementClause,
    AgreementRevision,
    GroupRole,
    Organisation,
    OrganisationKind,
    Pairing,
    Plan,
    Role,
    Side,
    User,
)
from portal.policies.agreement_text import UNDECIDED
from portal.policies.agreement_words import chinese_date, chinese_number
from portal.policies.annexes import BLANK, number
from portal.workflow.agreements import plan_of, task_counts

LONGEST_FACT = 2500
"""Goals and figures longer than this stay in the annex: a clause has 5,000 characters."""


def next_revision(before: AgreementRevision, now: datetime) -> AgreementRevision:
    """Return the next revision with the text of ``before``, unsigned and without a scan."""
    return AgreementRevision(
        number=before.number + 1,
        starts_on=before.starts_on,
        ends_on=before.ends_on,
        created_at=now,
        clauses=[
            AgreementClause(
                position=clause.position,
                key=clause.key,
                title=clause.title,
                block=clause.block,
                body=clause.body,
            )
            for clause in before.clauses
        ],
    )


def facts_of(pairing: Pairing) -> dict[str, str]:
    """Return what fills the placeholders of the skeleton (data/agreement_clauses.toml)."""
    programme = pairing.programme
    members = pairing.group.current_members if pairing.group else []
    names = {member.role: member.name for member in members}
    plan = plan_of(pairing)
    tasks = sum(task_counts(plan).values())
    return {
        "supporting": pairing.supporting.name,
        "supported": pairing.supported.name,
        "programme": programme.name,
        "document": programme.document,
        "start": chinese_date(programme.starts_on),
        "end": chinese_date(programme.ends_on),
        "deadline": chinese_date(programme.filing_deadline),
        "years": str(len(programme.years)),
        "centre": _body_called(OrganisationKind.CENTRE),
        "commission": _body_called(OrganisationKind.COMMISSION),
        "leader": names.get(GroupRole.LEADER, UNDECIDED),
        "deputy": names.get(GroupRole.DEPUTY, UNDECIDED),
        "task_count": str(tasks) if tasks else UNDECIDED,
        "supporting_contact": _contact(pairing, Side.SUPPORTING),
        "supported_contact": _contact(pairing, Side.SUPPORTED),
        "year_goals": _year_goals(plan),
        "targets": _targets(plan),
        "meeting_interval": str(programme.meeting_interval_months),
    }


def _contact(pairing: Pairing, side: Side) -> str:
    """Return the name of the side's first coordinator, or a blank to fill in by hand."""
    name = db.session.scalar(
        sa.select(User.name)
        .where(
            User.organisation_id == pairing.organisation_on(side).id,
            User.role == Role.BASE_COORDINATOR,
            User.is_active,
        )
        .order_by(User.id)
        .limit(1)
    )
    return name or BLANK


def _year_goals(plan: Plan | None) -> str:
    """Return the plan's goals year by year, or where they stand if they would fill the clause."""
    lines = []
    for year in plan.pairing.programme.years if plan else []:
        goals = [
            f"{goal.area.label}——{goal.goal.strip().rstrip('。；')}"
            for goal in (plan.goals if plan else [])
            if goal.year == year and goal.goal.strip()
        ]
        if goals:
            lines.append(f"第{chinese_number(year)}年：{'；'.join(goals)}。")
    text = "\n".join(lines)
    if not text or len(text) > LONGEST_FACT:
        return "各年度、各方面的目标以附件1《三年帮扶工作计划》所列为准。"
    return f"\n{text}"


def _targets(plan: Plan | None) -> str:
    """Return the plan's figures by area, or where they stand."""
    found = []
    for figure in plan.figures if plan else []:
        years = [f"第{y}年{figure.targets[y]}{figure.unit}" for y in sorted(figure.targets)]
        base = f"基线{number(figure.baseline)}{figure.unit}" if figure.baseline is not None else ""
        if years:
            found.append(f"{figure.name}：{'，'.join([base, *years] if base else years)}")
    text = "年度量化指标：" + "；".join(found) + "。其余以三年帮扶工作计划和任务清单为准。"
    if not found or len(text) > LONGEST_FACT:
        return "各方面的年度量化指标以三年帮扶工作计划和任务清单为准。"
    return text


def _body_called(kind: OrganisationKind) -> str:
    """Return the name of the provincial body of ``kind``, or what such a body is called."""
    name = db.session.scalar(
        sa.select(Organisation.name)
        .where(Organisation.kind == kind, Organisation.is_active)
        .order_by(Organisation.id)
        .limit(1)
    )
    return name or kind.label
