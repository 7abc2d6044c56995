"""Who writes problems, and what became of one, which is derived and stored nowhere."""

from collections.abc import Iterable

import sqlalchemy as sa

from portal.models import (
    LabelledEnum,
    Pairing,
    Problem,
    ProblemTask,
    Role,
    SiteSurvey,
    SurveyState,
    Task,
    TaskState,
    User,
)
from portal.policies.decision import Decision, no, yes_if
from portal.policies.pairings import works_in


class Standing(LabelledEnum):
    """What became of a problem."""

    UNANSWERED = "unanswered", "待安排任务", "warning"
    UNDER_WAY = "under_way", "正在解决", "info"
    SOLVED = "solved", "已解决", "success"
    DISMISSED = "dismissed", "不列入帮扶", "neutral"


def standing_of(*, dismissed: bool, states: Iterable[TaskState]) -> Standing:
    """Return what became of a problem whose linked tasks are in ``states``.

    It is solved once it has tasks and all of them are closed. A cancelled task answers nothing.
    """
    live = [state for state in states if state is not TaskState.CANCELLED]
    if dismissed:
        return Standing.DISMISSED
    if not live:
        return Standing.UNANSWERED
    closed = all(state is TaskState.CLOSED for state in live)
    return Standing.SOLVED if closed else Standing.UNDER_WAY


def standing(problem: Problem) -> Standing:
    """Return what became of ``problem``, whose answers and their tasks are loaded."""
    return standing_of(
        dismissed=problem.dismissed_at is not None,
        states=[answer.task.state for answer in problem.answers],
    )


def unanswered() -> sa.ColumnElement[bool]:
    """Return the same rule as :data:`Standing.UNANSWERED`, as a condition on Problem."""
    live = (
        sa.exists()
        .where(
            ProblemTask.problem_id == Problem.id,
            Task.id == ProblemTask.task_id,
            Task.state != TaskState.CANCELLED,
        )
        .correlate(Problem)
    )
    return sa.and_(Problem.dismissed_at.is_(None), ~live)


def can_write_problem(viewer: User, pairing: Pairing, survey: SiteSurvey | None = None) -> Decision:
    """The coordinators and leaders of both hospitals write down what was found (H-32).

    While the report of ``survey``, which names the problem, waits for the leaders, they confirm
    it and the coordinators write (four eyes).
    """
    waits = survey is not None and survey.state is SurveyState.REPORT_DRAFT
    if waits and works_in(viewer, pairing) and viewer.role is Role.BASE_LEADER:
        return no("调研报告正待双方负责人确认，其中的问题由基地管理员登记和修改。")
    return yes_if(works_in(viewer, pairing), "只有结对双方的基地管理员或负责人可以登记和修改问题。")


def why_fixed(problem: Problem) -> str:
    """Return why the words of ``problem`` no longer change, as a sentence; empty when they may."""
    now = standing(problem)
    if now is Standing.DISMISSED:
        return "问题已标为不列入帮扶。如需修改，请先恢复列入。"
    if now is Standing.SOLVED:
        return "问题的任务已全部销号，记录不再变动。"
    return ""
