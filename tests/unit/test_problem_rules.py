"""What became of a problem, by the states of its tasks."""

import pytest

from portal.models import TaskState
from portal.policies.problems import Standing, standing_of

OPEN = (
    TaskState.NOT_STARTED,
    TaskState.IN_PROGRESS,
    TaskState.CLOSURE_REQUESTED,
    TaskState.CONFIRMED,
    TaskState.SUSPENDED,
)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], Standing.UNANSWERED),
        ([TaskState.CANCELLED], Standing.UNANSWERED),
        ([TaskState.CLOSED], Standing.SOLVED),
        ([TaskState.CLOSED, TaskState.CLOSED], Standing.SOLVED),
        ([TaskState.CLOSED, TaskState.CANCELLED], Standing.SOLVED),
        *[([state], Standing.UNDER_WAY) for state in OPEN],
        *[([TaskState.CLOSED, state], Standing.UNDER_WAY) for state in OPEN],
        *[([TaskState.CANCELLED, state], Standing.UNDER_WAY) for state in OPEN],
    ],
)
def test_problem_stands_as_its_tasks_do(states: list[TaskState], expected: Standing) -> None:
    assert standing_of(dismissed=False, states=states) is expected
    assert standing_of(dismissed=True, states=states) is Standing.DISMISSED
