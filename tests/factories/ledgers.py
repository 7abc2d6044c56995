"""A pairing's ledger of 2020, written day by day: what the automatic figures are read from."""

from datetime import date, datetime, time
from itertools import count
from typing import Any

import time_machine

from portal import clock
from portal.extensions import db
from portal.models import Agreement, AgreementState, Meeting, MeetingState, Task
from portal.services import closure
from tests.factories import closures
from tests.factories.meetings import leadership_group
from tests.factories.scenes import Scene

DUE = date(2020, 9, 30)
_numbers = count(1)


def moment(day: str) -> datetime:
    """Ten in the morning in Shanghai."""
    return datetime.combine(date.fromisoformat(day), time(10), clock.SHANGHAI)


def on(day: str) -> time_machine.travel:
    """Do something on that day."""
    return time_machine.travel(moment(day), tick=False)


def working_task(scene: Scene, **values: object) -> Task:
    with on("2020-06-10"):
        return closures.task_in_progress(
            scene, **{"weight": 3, "due_on": DUE, "first_due_on": DUE, **values}
        )


def play(scene: Scene, task: Task, *steps: tuple[str, str]) -> Task:
    """Take the steps of a closure, each on its day."""
    acts = {
        "apply": lambda: closure.request_closure(
            task, statement="已完成。", actor=scene.supported_coordinator
        ),
        "confirm": lambda: closure.confirm_closure(task, actor=scene.supporting_leader),
        "verify": lambda: closure.verify_closure(task, actor=scene.centre),
        "return": lambda: closure.return_closure(
            task, reason="补充材料。", actor=scene.supporting_leader
        ),
        "return_late": lambda: closure.return_closure(
            task, reason="补充材料。", actor=scene.centre
        ),
        "reopen": lambda: closure.reopen_task(task, reason="回头看不合格。", actor=scene.centre),
    }
    for day, step in steps:
        with on(day):
            acts[step]()
    return task


CLOSED = (("2020-09-20", "apply"), ("2020-09-24", "confirm"), ("2020-10-12", "verify"))


def hold(scene: Scene, day: str, signed: str | None = None, **values: Any) -> Meeting:
    """A meeting held on ``day``, its minutes approved on ``signed``."""
    meeting = Meeting(
        **{
            "pairing_id": scene.pairing_id,
            "kind": "quarterly",
            "title": f"{day} 会议",
            "of_leadership": True,
            "state": MeetingState.APPROVED if signed else MeetingState.HELD,
            "state_since": moment(day),
            "planned_at": moment(day),
            "held_on": date.fromisoformat(day),
            "created_by_id": scene.supporting_coordinator.id,
            "created_at": moment(day),
            "approved_by_id": scene.supporting_leader.id if signed else None,
            "approved_at": moment(signed) if signed else None,
            "number_year": int(day[:4]) if signed else None,
            "number": next(_numbers) if signed else None,
            **values,
        }
    )
    db.session.add(meeting)
    db.session.flush()
    return meeting


def agreement(scene: Scene, state: AgreementState, submitted: str | None) -> Agreement:
    """An agreement in ``state``, handed in first on ``submitted``."""
    filed = state is AgreementState.FILED
    one = Agreement(
        programme_id=scene.programme.id,
        pairing_id=scene.pairing_id,
        state=state,
        created_by_id=scene.supporting_coordinator.id,
        created_at=moment("2020-05-01"),
        state_since=moment("2020-05-01"),
        submitted_at=moment(submitted) if submitted else None,
        first_submitted_at=moment(submitted) if submitted else None,
        return_reason="缺页" if state is AgreementState.RETURNED else "",
        filing_year=2020 if filed else None,
        filing_sequence=1 if filed else None,
        filing_number="备〔2020〕1号" if filed else None,
        filed_by_id=scene.centre.id if filed else None,
        filed_at=moment("2020-06-30") if filed else None,
    )
    db.session.add(one)
    db.session.flush()
    return one


def full_ledger(scene: Scene) -> None:
    """A year with something behind every figure."""
    with on("2020-06-01"):
        leadership_group(scene)
    agreement(scene, AgreementState.FILED, "2020-06-03")
    for day in ("2020-06-15", "2020-09-14", "2020-12-14"):
        hold(scene, day, day)
    play(scene, working_task(scene), *CLOSED)
    play(scene, working_task(scene), ("2020-09-01", "apply"), ("2020-09-03", "return"), *CLOSED)
    working_task(scene)
