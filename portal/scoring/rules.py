"""One pure function per automatic item of the scheme (domain-facts §10.2, items 1.1–1.3, 2.1–2.3).

Each takes the facts of one pairing and year and the scheme's terms, and returns the score,
rounded half-up once, with the formula in words, the counts and the rows behind it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portal.scoring.arithmetic import ZERO, capped_share, plain, round_half_up, share
from portal.scoring.facts import Facts, Figure, FilingFact, TaskFact, Terms

Row = dict[str, Any]
Rule = Callable[[Facts, Terms], Figure]

HELD_PART = Fraction(3, 4)
"""Of the points for meetings, three quarters are for holding them, the rest for the minutes."""


def group_complete(facts: Facts, terms: Terms) -> Figure:
    """Score 1.1: all four kinds of member full points, one missing half, else nothing."""
    kinds = facts.group.kinds
    missing = [kind for kind in kinds if kind.gaps]
    one_missing = terms.number("group_missing_one_points")
    score = {0: terms.points, 1: one_missing}.get(len(missing), ZERO)
    rows = [
        _row(
            "group",
            facts.group.pairing_id,
            kind.label,
            "；".join(kind.gaps) or "人员到位",
            "缺" if kind.gaps else "齐全",
        )
        for kind in kinds
    ]
    return _figure(
        score,
        f"组长、副组长、双方培训职能部门负责人、双方全科专业基地负责人四类成员齐全得 "
        f"{plain(terms.points)} 分；缺一类得 {plain(one_missing)} 分；缺两类及以上不得分。",
        f"缺 {len(missing)} 类，得 {round_half_up(score)} 分",
        [("应有成员类别", len(kinds)), ("缺少类别", len(missing))],
        rows,
    )


def meetings_and_minutes(facts: Facts, terms: Terms) -> Figure:
    """Score 1.2: meetings held against the number required, and minutes signed in time."""
    required = terms.whole("meetings_required")
    limit = terms.whole("minutes_signed_within_workdays")
    held = len(facts.meetings)
    in_time = {
        meeting.id
        for meeting in facts.meetings
        if meeting.workdays is not None and meeting.workdays <= limit
    }
    for_holding = Fraction(terms.points) * HELD_PART
    for_minutes = Fraction(terms.points) - for_holding
    score = for_holding * capped_share(held, required) + for_minutes * share(len(in_time), held)
    rows = [
        _row(
            "meeting",
            meeting.id,
            meeting.title,
            f"{meeting.held_on} 召开；{_signed(meeting.signed_on, meeting.workdays)}",
            "及时" if meeting.id in in_time else "未及时",
        )
        for meeting in facts.meetings
    ]
    return _figure(
        score,
        f"会议得分＝{plain(for_holding)} 分×召开次数÷应召开 {required} 次（不超过满分）；"
        f"纪要得分＝{plain(for_minutes)} 分×{limit} 个工作日内签发的纪要份数÷召开次数。",
        f"{plain(for_holding)}×min(1, {held}÷{required})＋"
        f"{plain(for_minutes)}×{len(in_time)}÷{held}＝{round_half_up(score)}",
        [("应召开次数", required), ("召开次数", held), ("及时签发纪要", len(in_time))],
        rows,
        reported=held > 0,
    )


def filed_on_time(facts: Facts, terms: Terms) -> Figure:
    """Score 1.3: the agreement (year 1) or the year's plan against its deadline."""
    filing = facts.filing
    steps = sorted(
        (int(step["days"]), Decimal(step["points"])) for step in terms.value("filing_late_steps")
    )
    late = max(0, (filing.done_on - filing.deadline).days) if filing.done_on else None
    score = _points_when_late(late, terms.points, steps)
    told = "；".join(f"逾期 {days} 日以内得 {plain(points)} 分" for days, points in steps)
    return _figure(
        score,
        f"{filing.title}按期完成得 {plain(terms.points)} 分；{told}；更晚或未完成不得分。",
        f"{_lateness(late)}，得 {round_half_up(score)} 分",
        [
            ("截止日期", filing.deadline.isoformat()),
            ("完成日期", filing.done_on.isoformat() if filing.done_on else "未完成"),
        ],
        [_filing_row(filing, late)],
        reported=filing.done_on is not None,
    )


def weighted_closure(facts: Facts, terms: Terms) -> Figure:
    """Score 2.1: weights of the tasks closed against weights of the tasks due by the cut-off."""
    tasks = facts.due_tasks
    due = sum(task.weight for task in tasks)
    closed = sum(task.weight for task in tasks if task.is_closed)
    score = Fraction(terms.points) * share(closed, due)
    rows = [
        _task_row(task, _closing(task), f"{task.weight if task.is_closed else 0}/{task.weight}")
        for task in tasks
    ]
    return _figure(
        score,
        f"得分＝{plain(terms.points)} 分×截至考核截止日已销号任务权重之和÷应完成任务权重之和；"
        "回头看后重启、截至当日尚未再次销号的，按未销号计。",
        f"{plain(terms.points)}×{closed}÷{due}＝{round_half_up(score)}",
        [("应完成任务", len(tasks)), ("应完成权重", due), ("已销号权重", closed)],
        rows,
        reported=bool(tasks),
    )


def on_time(facts: Facts, terms: Terms) -> Figure:
    """Score 2.2a: credit of each task due by the cut-off, over their number.

    The day of the application that was accepted counts as the day of completion: from then
    on the task waits for others.
    """
    tasks = facts.due_tasks
    credit_of = {task.id: _credit(task, terms) for task in tasks}
    earned = sum(credit_of.values(), ZERO)
    score = Fraction(terms.points) * share(earned, len(tasks))
    rows = [_task_row(task, _timing(task), plain(credit_of[task.id])) for task in tasks]
    second = plain(terms.number("second_extension_credit"))
    return _figure(
        score,
        f"得分＝{plain(terms.points)} 分×各到期任务计分之和÷到期任务数。按期完成（含首次获准延期后"
        f"按期完成）计 1，第二次延期后按期完成计 {second}，"
        f"逾期完成或未完成计 {plain(terms.number('late_credit'))}；以获准销号的申请日为完成日。",
        f"{plain(terms.points)}×{plain(earned)}÷{len(tasks)}＝{round_half_up(score)}",
        [("到期任务", len(tasks)), ("计分之和", plain(earned))],
        rows,
        reported=bool(tasks),
    )


def supporting_review_time(facts: Facts, terms: Terms) -> Figure:
    """Score 2.2b: share of closure applications that the supporting base reviewed in time.

    An application that still waits counts only once its time has run out by the cut-off.
    """
    limit = terms.whole("review_within_workdays")
    applications = facts.applications
    in_time = {
        one.id
        for one in applications
        if one.reviewed_on and one.workdays is not None and one.workdays <= limit
    }
    score = Fraction(terms.points) * share(len(in_time), len(applications))
    rows = [
        _row(
            "task",
            one.task_id,
            one.title,
            f"{one.applied_on} 申请；{_reviewed(one.reviewed_on, one.workdays)}",
            "及时" if one.id in in_time else "超时",
        )
        for one in applications
    ]
    return _figure(
        score,
        f"得分＝{plain(terms.points)} 分×{limit} 个工作日内完成审核的销号申请数÷收到的销号申请数。",
        f"{plain(terms.points)}×{len(in_time)}÷{len(applications)}＝{round_half_up(score)}",
        [("销号申请", len(applications)), ("及时审核", len(in_time))],
        rows,
        reported=bool(applications),
    )


def first_pass(facts: Facts, terms: Terms) -> Figure:
    """Score 2.3: tasks accepted at their first application, over tasks accepted."""
    accepted = [task for task in facts.tasks if task.is_closed]
    first = [task for task in accepted if task.failed_rounds == 0]
    score = Fraction(terms.points) * share(len(first), len(accepted))
    rows = [
        _task_row(
            task,
            f"{task.closed_on} 通过验收；此前退回或重启 {task.failed_rounds} 次",
            "否" if task.failed_rounds else "是",
        )
        for task in accepted
    ]
    return _figure(
        score,
        f"得分＝{plain(terms.points)} 分×首次申请即通过验收的任务数÷通过验收的任务数。",
        f"{plain(terms.points)}×{len(first)}÷{len(accepted)}＝{round_half_up(score)}",
        [("通过验收任务", len(accepted)), ("首次通过", len(first))],
        rows,
        reported=bool(accepted),
    )


RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        group_complete,
        meetings_and_minutes,
        filed_on_time,
        weighted_closure,
        on_time,
        supporting_review_time,
        first_pass,
    )
}
"""The rules by the key under which the scheme names them."""


def _figure(
    score: Decimal | Fraction,
    formula: str,
    working: str,
    counts: Iterable[tuple[str, object]],
    rows: list[Row],
    *,
    reported: bool = True,
) -> Figure:
    """Round once, and pack what is kept with the score."""
    return Figure(
        round_half_up(score),
        {
            "formula": formula,
            "working": working if reported else "未报，得 0.00 分",
            "counts": [[label, str(value)] for label, value in counts],
            "rows": rows,
            "reported": reported,
        },
    )


def _row(kind: str, id_: int, title: str, detail: str, value: str) -> Row:
    return {"kind": kind, "id": id_, "title": title, "detail": detail, "value": value, "files": []}


def _task_row(task: TaskFact, detail: str, value: str) -> Row:
    row = _row("task", task.id, task.title, detail, value)
    row["files"] = [list(file) for file in task.files]
    return row


def _filing_row(filing: FilingFact, late: int | None) -> Row:
    told = f"{filing.done_on} 完成" if filing.done_on else "未完成"
    detail = "；".join(filter(None, [f"截止 {filing.deadline}", told, filing.note]))
    return _row(filing.kind, filing.id, filing.title, detail, _lateness(late))


def _points_when_late(
    late: int | None, full: Decimal, steps: Iterable[tuple[int, Decimal]]
) -> Decimal:
    """Return the points for being ``late`` by so many days (None: not done at all)."""
    if late is None:
        return ZERO
    if late == 0:
        return full
    return next((points for days, points in steps if late <= days), ZERO)


def _credit(task: TaskFact, terms: Terms) -> Decimal:
    """Return what a due task counts for in the on-time rate."""
    if task.applied_on is None or not task.is_closed or task.applied_on > task.due_on:
        return terms.number("late_credit")
    return Decimal(1) if task.extensions <= 1 else terms.number("second_extension_credit")


def _lateness(late: int | None) -> str:
    if late is None:
        return "未完成"
    return f"逾期 {late} 日" if late else "按期"


def _signed(signed_on: date | None, workdays: int | None) -> str:
    return f"{signed_on} 签发纪要，历时 {workdays} 个工作日" if signed_on else "纪要未签发"


def _reviewed(reviewed_on: date | None, workdays: int | None) -> str:
    return f"{reviewed_on} 审核，历时 {workdays} 个工作日" if reviewed_on else "逾期未审核"


def _closing(task: TaskFact) -> str:
    told = f"{task.closed_on} 销号" if task.closed_on else "未销号"
    return f"{task.due_on} 到期；{told}"


def _timing(task: TaskFact) -> str:
    extended = f"（延期 {task.extensions} 次）" if task.extensions else ""
    told = f"{task.applied_on} 申请并获准销号" if task.is_closed else "未销号"
    return f"{task.due_on} 到期{extended}；{told}"
