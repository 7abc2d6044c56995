"""销号确认单 as facts: one round of closure as it was kept (domain-facts §9.1.9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.models import ClosureRequest, ProblemTask, User, Weight
from portal.queries.papers.common import Paper, day_of, paper_of, term_of
from portal.queries.papers.telling import Told


@dataclass(frozen=True)
class Piece:
    """A piece of evidence as it stood."""

    number: Annotated[str, Told("序号", "1")]
    requirement: Annotated[str, Told("要求", "设科文件")]
    title: Annotated[str, Told("材料名称", "关于设立全科医学科的通知")]
    file_name: Annotated[str, Told("文件名", "设科通知.pdf")]
    date: Annotated[str, Told("形成日期", "2020-10-08")]
    sha256: Annotated[str, Told("文件校验值", "9f2c" * 16)]


@dataclass(frozen=True)
class Opinion:
    """Who decided what."""

    step: Annotated[str, Told("环节", "帮扶方确认")]
    text: Annotated[str, Told("意见", "材料齐全，符合验收标准，同意。")]
    name: Annotated[str, Told("办理人", "王某某")]
    hospital: Annotated[str, Told("单位", "海口某医院")]
    date: Annotated[str, Told("日期", "2020年10月12日")]


APPLIED = {"step": "受援方申请", "text": "申请销号。"}
VERIFIED = {"step": "省中心核验", "text": "同意销号。"}


@dataclass(frozen=True)
class ClosureSlip(Paper):
    """销号确认单."""

    number: Annotated[str, Told("编号", "A-01-1")]
    code: Annotated[str, Told("任务编号", "A-01")]
    round: Annotated[str, Told("第几轮申请", "1")]
    area: Annotated[str, Told("帮扶内容", "全科医学科建设")]
    task: Annotated[str, Told("任务名称", "独立设置全科医学科")]
    weight: Annotated[str, Told("权重", "核心")]
    problem: Annotated[str, Told("所解决的问题（每行一项）", "全科病房未独立设置")]
    criteria: Annotated[str, Told("验收标准", "院发文件设立全科医学科，床位不少于10张。")]
    measures: Annotated[str, Told("帮扶措施", "派驻专家指导科室设置。")]
    term: Annotated[str, Told("起止日期", "2020年5月22日至2020年11月22日")]
    first_due: Annotated[str, Told("原定时限，未延期时为空", "")]
    extensions: Annotated[str, Told("延期次数", "0")]
    statement: Annotated[str, Told("完成情况", "已印发设科文件，开设床位12张。")]
    evidence: Annotated[list[Piece], Told("佐证材料", [{}, {"number": "2"}])]
    application: Annotated[Opinion, Told("受援方申请", APPLIED)]
    confirmation: Annotated[Opinion, Told("帮扶方确认", None)]
    verification: Annotated[Opinion, Told("省中心核验", VERIFIED)]
    verdict: Annotated[str, Told("结论", "同意销号")]
    closed: Annotated[str, Told("销号日期", "2020年10月15日")]
    reopened: Annotated[str, Told("回头看重启的日期和理由，未重启时为空", "")]


def closure_slip(round_: ClosureRequest) -> ClosureSlip:
    """Return the facts of a round that closed its task; the caller has loaded it in scope."""
    task, said = round_.task, round_.task_said
    pairing = task.pairing
    day = clock.local_date(round_.decided_at) if round_.decided_at else clock.today()
    return ClosureSlip(
        **paper_of(pairing, f"{said['title']}销号确认单", day),
        number=f"{task.code}-{round_.round}",
        code=task.code,
        round=str(round_.round),
        area=task.area.label,
        task=said["title"],
        weight=Weight(said["weight"]).label,
        problem="\n".join(_problems(task.id)),
        criteria=said["criteria"],
        measures=said["measures"],
        term=term_of(task.starts_on, round_.due_on),
        first_due=day_of(task.first_due_on) if task.first_due_on != round_.due_on else "",
        extensions=str(round_.extensions),
        statement=round_.statement,
        evidence=[_piece(number, one) for number, one in enumerate(round_.evidence, 1)],
        application=_opinion("受援方申请", "申请销号。", round_.requested_by, round_.requested_at),
        confirmation=_opinion(
            "帮扶方确认",
            round_.confirm_comment or "同意。",
            round_.confirmed_by,
            round_.confirmed_at,
        ),
        verification=_verification(round_),
        verdict="回头看重启" if round_.reopened_at else "同意销号",
        closed=day_of(round_.decided_at),
        reopened=f"{day_of(round_.reopened_at)}：{round_.reopen_reason}"
        if round_.reopened_at
        else "",
    )


def _problems(task_id: int) -> list[str]:
    links = db.session.scalars(
        sa.select(ProblemTask)
        .where(ProblemTask.task_id == task_id)
        .order_by(ProblemTask.id)
        .options(joinedload(ProblemTask.problem))
    )
    return [link.problem.title for link in links]


def _piece(number: int, kept: dict[str, Any]) -> Piece:
    return Piece(
        number=str(number),
        requirement=kept.get("requirement") or "其他材料",
        title=kept.get("title") or "",
        file_name=kept.get("file_name") or "",
        date=kept.get("evidence_on") or "",
        sha256=kept.get("sha256") or "",
    )


def _opinion(step: str, text: str, by: User | None, at: datetime | None) -> Opinion:
    return Opinion(
        step=step,
        text=text,
        name=by.name if by else "",
        hospital=by.organisation_name if by else "",
        date=day_of(at),
    )


def _verification(round_: ClosureRequest) -> Opinion:
    if round_.needs_centre:
        text = round_.decide_comment or "同意销号。"
        return _opinion("省中心核验", text, round_.decided_by, round_.decided_at)
    return _opinion("省中心核验", "抽查未抽中，按规定由帮扶方确认后销号。", None, None)
