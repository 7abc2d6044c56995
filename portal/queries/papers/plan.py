"""三年帮扶工作计划 as facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    GoalFigure,
    LeadershipGroup,
    MetTarget,
    Pairing,
    Plan,
    PlanState,
    Problem,
    Side,
    Task,
    Weight,
)
from portal.queries.papers.amended import VERSION, Amended, amendments_of, version_of
from portal.queries.papers.common import (
    BOTH_SIDES,
    Paper,
    Signature,
    day_of,
    paper_of,
    person_on,
    signature_on,
    term_of,
    year_label,
)
from portal.queries.papers.tasks import evidence_of, problems_of, steps_of, tasks_of
from portal.queries.papers.telling import Told

NUMERALS = "一二三四五六七八九"


@dataclass(frozen=True)
class Member:
    """Somebody of the leadership group."""

    role: Annotated[str, Told("组内职务", "组长")]
    name: Annotated[str, Told("姓名", "王某某")]
    hospital: Annotated[str, Told("单位简称", "海口某院")]
    job_title: Annotated[str, Told("职务", "院长")]


@dataclass(frozen=True)
class ProblemFacts:
    """A problem that the plan answers."""

    title: Annotated[str, Told("问题", "全科病房未独立设置")]
    severity: Annotated[str, Told("严重程度", "较重")]
    need: Annotated[str, Told("需求", "设置独立的全科病房")]


@dataclass(frozen=True)
class Goal:
    """What an area should reach in a year."""

    year: Annotated[str, Told("年度", "第一年")]
    text: Annotated[str, Told("目标", "完成全科医学科独立设置，开设全科门诊。")]


@dataclass(frozen=True)
class Figure:
    """A figure that should move."""

    name: Annotated[str, Told("指标（含单位）", "全科病房床位（张）")]
    baseline: Annotated[str, Told("基线值", "0")]
    targets: Annotated[str, Told("逐年目标值", "第一年10，第二年15，第三年20")]


@dataclass(frozen=True)
class PlanTask:
    """A task as the plan tells it."""

    number: Annotated[str, Told("本领域内序号", "1")]
    code: Annotated[str, Told("任务编号", "A-01")]
    title: Annotated[str, Told("任务名称", "独立设置全科医学科")]
    weight: Annotated[str, Told("权重", "核心")]
    measures: Annotated[str, Told("帮扶措施", "派驻专家指导科室设置，协助制定建设方案。")]
    criteria: Annotated[str, Told("验收标准", "院发文件设立全科医学科，床位不少于10张。")]
    evidence: Annotated[str, Told("佐证材料", "设科文件、科室照片")]
    people: Annotated[str, Told("责任人", "受援方李某某、帮扶方王某某")]
    term: Annotated[str, Told("起止日期", "2020年5月22日至2020年11月22日")]
    steps: Annotated[str, Told("节点（每行一项）", "2020.8.31 完成建设方案")]


@dataclass(frozen=True)
class PlanArea:
    """One of the five areas."""

    numeral: Annotated[str, Told("中文序号", "一")]
    name: Annotated[str, Told("帮扶内容", "全科医学科建设")]
    problems: Annotated[list[ProblemFacts], Told("存在问题", 1)]
    goals: Annotated[list[Goal], Told("年度目标", [{}, {"year": "第二年"}, {"year": "第三年"}])]
    figures: Annotated[list[Figure], Told("量化指标", 1)]
    tasks: Annotated[list[PlanTask], Told("任务", [{}, {"number": "2", "code": "A-02"}])]


AREAS = [{"numeral": NUMERALS[area.number - 1], "name": area.label} for area in Area]


@dataclass(frozen=True)
class Met:
    """A core task that is left out because its target is met."""

    title: Annotated[str, Told("任务", "建立三级管理体系")]
    statement: Annotated[str, Told("达标情况", "已于2019年建立，制度文件齐全。")]
    date: Annotated[str, Told("达标日期", "2019年12月1日")]


@dataclass(frozen=True)
class PlanPaper(Paper):
    """三年帮扶工作计划."""

    state: Annotated[str, Told("计划状态", "双方已商定")]
    is_draft: Annotated[bool, Told("是否仍在商议（草稿）", False)]
    version: Annotated[str, VERSION]
    term: Annotated[str, Told("起止日期", "2020年5月22日至2023年5月21日")]
    years: Annotated[str, Told("年数", "3")]
    task_count: Annotated[str, Told("任务项数", "10")]
    problem_count: Annotated[str, Told("问题个数", "5")]
    interval: Annotated[str, Told("领导小组会议间隔（月）", "3")]
    members: Annotated[list[Member], Told("帮扶领导小组成员", 4)]
    areas: Annotated[list[PlanArea], Told("五个方面", AREAS)]
    met: Annotated[list[Met], Told("已达标、不再列入的核心任务", 1)]
    signatures: Annotated[list[Signature], Told("双方签署", BOTH_SIDES)]
    amendments: Annotated[list[Amended], Told("签署后经批准的计划调整", 1)]


def plan_paper(plan: Plan) -> PlanPaper:
    """Return the facts of ``plan``, which the caller has loaded in scope."""
    pairing, tasks, problems = plan.pairing, tasks_of(plan), problems_of(plan.pairing_id)
    names = f"{pairing.supporting.name}帮扶{pairing.supported.name}"
    return PlanPaper(
        **paper_of(pairing, f"{names}三年帮扶工作计划", day_of_plan(plan)),
        state=plan.state.label,
        is_draft=plan.state is PlanState.DRAFTING,
        version=version_of(plan),
        term=term_of(plan.starts_on, plan.ends_on),
        years=str(len(pairing.programme.years)),
        task_count=str(len([task for task in tasks if task.counts])),
        problem_count=str(len(problems)),
        interval=str(pairing.programme.meeting_interval_months),
        members=members_of(pairing),
        areas=[_area(plan, area, tasks, problems) for area in Area],
        met=_met(plan),
        signatures=[signature_on(pairing, side, plan.endorsement_of(side)) for side in Side],
        amendments=amendments_of(plan),
    )


def members_of(pairing: Pairing) -> list[Member]:
    """Return the leadership group as it is now."""
    group = db.session.scalar(
        sa.select(LeadershipGroup).where(LeadershipGroup.pairing_id == pairing.id)
    )
    return [
        Member(
            role=one.role.label,
            name=one.name,
            hospital=pairing.organisation_on(one.side).short_name,
            job_title=one.job_title or one.duty.label,
        )
        for one in (group.current_members if group else [])
    ]


def decimal_text(number: Decimal | None) -> str:
    """Return a figure without the noughts that the database adds."""
    return "—" if number is None else f"{number.normalize():f}"


def day_of_plan(plan: Plan) -> date:
    """The day the plan was made: in force, agreed by both, or now while it is a draft."""
    if plan.in_force_at:
        return clock.local_date(plan.in_force_at)
    if plan.state is PlanState.DRAFTING:
        return clock.today()
    return clock.local_date(plan.state_since)


def _area(plan: Plan, area: Area, tasks: Sequence[Task], problems: Sequence[Problem]) -> PlanArea:
    own = [task for task in tasks if task.area is area and task.counts]
    return PlanArea(
        numeral=NUMERALS[area.number - 1],
        name=area.label,
        problems=[
            ProblemFacts(title=one.title, severity=one.severity.label, need=one.need)
            for one in problems
            if one.area is area
        ],
        goals=[
            Goal(year=year_label(one.year), text=one.goal)
            for one in plan.goals
            if one.area is area and one.goal.strip()
        ],
        figures=[_figure(one) for one in plan.figures if one.area is area],
        tasks=[_task(number, task) for number, task in enumerate(own, 1)],
    )


def _figure(figure: GoalFigure) -> Figure:
    targets = [
        f"{year_label(int(year))}{value}" for year, value in sorted(figure.targets.items()) if value
    ]
    return Figure(
        name=f"{figure.name}（{figure.unit}）" if figure.unit else figure.name,
        baseline=decimal_text(figure.baseline),
        targets="，".join(targets) or "—",
    )


def _task(number: int, task: Task) -> PlanTask:
    people = [(side, person_on(task, side)) for side in (Side.SUPPORTED, Side.SUPPORTING)]
    return PlanTask(
        number=str(number),
        code=task.code,
        title=task.title,
        weight=Weight(str(task.weight)).label,
        measures=task.what_is_done,
        criteria=task.criteria,
        evidence=evidence_of(task),
        people="、".join(f"{side.label}{name}" for side, name in people if name),
        term=term_of(task.starts_on, task.due_on),
        steps=steps_of(task),
    )


def _met(plan: Plan) -> list[Met]:
    found = db.session.scalars(
        sa.select(MetTarget)
        .where(MetTarget.plan_id == plan.id)
        .order_by(MetTarget.id)
        .options(joinedload(MetTarget.library_task))
    )
    return [
        Met(title=one.library_task.title, statement=one.statement, date=day_of(one.met_on))
        for one in found
    ]
