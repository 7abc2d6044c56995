"""任务清单 as facts."""

from dataclasses import dataclass
from typing import Annotated

from portal.models import Plan, Side, Task, Weight
from portal.queries.papers.amended import VERSION, Amended, amendments_of, version_of
from portal.queries.papers.common import (
    BOTH_SIDES,
    Paper,
    Signature,
    dotted,
    paper_of,
    person_on,
    signature_on,
)
from portal.queries.papers.plan import day_of_plan
from portal.queries.papers.tasks import evidence_of, steps_of, tasks_of
from portal.queries.papers.telling import Told


@dataclass(frozen=True)
class ListedTask:
    """One line of the list."""

    number: Annotated[str, Told("序号", "1")]
    code: Annotated[str, Told("任务编号", "A-01")]
    area: Annotated[str, Told("帮扶内容", "全科医学科建设")]
    title: Annotated[str, Told("任务名称", "独立设置全科医学科")]
    weight: Annotated[str, Told("权重", "核心")]
    measures: Annotated[str, Told("帮扶措施", "派驻专家指导科室设置，协助制定建设方案。")]
    criteria: Annotated[str, Told("验收标准", "院发文件设立全科医学科，床位不少于10张。")]
    evidence: Annotated[str, Told("佐证材料", "设科文件、科室照片")]
    supported_person: Annotated[str, Told("受援方责任人", "李某某")]
    supporting_person: Annotated[str, Told("帮扶方责任人", "王某某")]
    starts: Annotated[str, Told("起始日期", "2020.5.22")]
    due: Annotated[str, Told("完成时限", "2020.11.22")]
    steps: Annotated[str, Told("节点（每行一项）", "2020.8.31 完成建设方案")]


@dataclass(frozen=True)
class TaskListPaper(Paper):
    """任务清单."""

    state: Annotated[str, Told("计划状态", "双方已商定")]
    version: Annotated[str, VERSION]
    count: Annotated[str, Told("任务项数", "3")]
    tasks: Annotated[list[ListedTask], Told("任务", [{}, {"number": "2"}, {"number": "3"}])]
    signatures: Annotated[list[Signature], Told("双方签署", BOTH_SIDES)]
    amendments: Annotated[list[Amended], Told("签署后经批准的计划调整", 1)]


def task_list_paper(plan: Plan) -> TaskListPaper:
    """Return the facts of the plan's task list; the caller has loaded ``plan`` in scope."""
    pairing = plan.pairing
    rows = [task for task in tasks_of(plan) if task.counts]
    names = f"{pairing.supporting.name}帮扶{pairing.supported.name}"
    return TaskListPaper(
        **paper_of(pairing, f"{names}任务清单", day_of_plan(plan)),
        state=plan.state.label,
        version=version_of(plan),
        count=str(len(rows)),
        tasks=[_line(number, task) for number, task in enumerate(rows, 1)],
        signatures=[signature_on(pairing, side, plan.endorsement_of(side)) for side in Side],
        amendments=amendments_of(plan),
    )


def _line(number: int, task: Task) -> ListedTask:
    return ListedTask(
        number=str(number),
        code=task.code,
        area=task.area.label,
        title=task.title,
        weight=Weight(str(task.weight)).label,
        measures=task.what_is_done,
        criteria=task.criteria,
        evidence=evidence_of(task),
        supported_person=person_on(task, Side.SUPPORTED),
        supporting_person=person_on(task, Side.SUPPORTING),
        starts=dotted(task.starts_on),
        due=dotted(task.due_on),
        steps=steps_of(task),
    )
