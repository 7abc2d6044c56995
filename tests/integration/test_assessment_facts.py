"""What the ledger says about a year up to its cut-off day, and that a frozen year never moves."""

from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import time_machine

from portal import clock
from portal.extensions import db
from portal.models import (
    Agreement,
    AgreementState,
    Area,
    Assessment,
    ClosureRequest,
    GroupMember,
    Meeting,
    MeetingState,
    Plan,
    PlanEndorsement,
    PlanState,
    Side,
    Task,
    YearGoal,
)
from portal.queries.assessment_facts import facts_for
from portal.queries.assessment_sheet import sheet_of, verdict_of
from portal.queries.assessments import figures_of
from portal.scoring.facts import ApplicationFact, TaskFact
from portal.services import closure
from tests.factories import assessments as made
from tests.factories import closures, make_scene
from tests.factories.meetings import leadership_group
from tests.factories.scenes import Scene
from tests.support.queries import count_queries

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


def the_task(assessment: Assessment) -> TaskFact:
    (fact,) = facts_for(assessment).tasks
    return fact


def test_a_closed_task_carries_its_application_its_closing_day_and_its_files(session: Any) -> None:
    scene = make_scene()
    task = play(scene, working_task(scene), *CLOSED)
    fact = the_task(made.self_assessing(scene))
    assert (fact.id, fact.weight, fact.due_on) == (task.id, 3, DUE)
    assert (fact.applied_on, fact.closed_on) == (date(2020, 9, 20), date(2020, 10, 12))
    assert fact.failed_rounds == 0
    assert [name for _, name in fact.files] == ["佐证.pdf", "佐证.pdf"]


@pytest.mark.parametrize(
    ("steps", "is_closed", "failed"),
    [
        ([], False, 0),
        ([("2020-12-20", "apply")], False, 0),
        ([("2020-12-20", "apply"), ("2020-12-28", "confirm"), ("2021-01-04", "verify")], False, 0),
        ([("2020-12-20", "apply"), ("2020-12-28", "confirm"), ("2020-12-31", "verify")], True, 0),
        # Reopened by a look-back and not closed again on the cut-off day: open.
        ([*CLOSED, ("2020-11-20", "reopen")], False, 0),
        ([*CLOSED, ("2020-12-31", "reopen")], False, 0),
        # Undone only afterwards: on the cut-off day it stood.
        ([*CLOSED, ("2021-01-04", "reopen")], True, 0),
        (
            [
                *CLOSED,
                ("2020-11-20", "reopen"),
                ("2020-12-01", "apply"),
                ("2020-12-02", "confirm"),
                ("2020-12-03", "verify"),
            ],
            True,
            1,
        ),
        ([("2020-09-01", "apply"), ("2020-09-03", "return"), *CLOSED], True, 1),
        (
            [
                ("2020-09-01", "apply"),
                ("2020-09-03", "confirm"),
                ("2020-09-04", "return_late"),
                *CLOSED,
            ],
            True,
            1,
        ),
        # A newer application that voids a waiting one is no failure.
        ([("2020-09-01", "apply"), *CLOSED], True, 0),
    ],
)
def test_a_task_counts_as_it_stood_on_the_cut_off_day(
    session: Any, steps: list[tuple[str, str]], is_closed: bool, failed: int
) -> None:
    scene = make_scene()
    play(scene, working_task(scene), *steps)
    fact = the_task(made.self_assessing(scene))
    assert (fact.is_closed, fact.failed_rounds) == (is_closed, failed)


def test_the_date_under_which_it_was_applied_for_counts(session: Any) -> None:
    scene = make_scene()
    task = play(scene, working_task(scene, extensions=1), *CLOSED)
    task.due_on, task.extensions = date(2020, 11, 30), 2
    db.session.flush()
    fact = the_task(made.self_assessing(scene))
    assert (fact.due_on, fact.extensions) == (DUE, 1)


@pytest.mark.parametrize("state", [PlanState.DRAFTING, PlanState.AGREED])
def test_tasks_of_a_plan_that_is_not_in_force_do_not_count(session: Any, state: PlanState) -> None:
    scene = make_scene()
    task = working_task(scene)
    task.plan.state = state
    db.session.flush()
    assert facts_for(made.self_assessing(scene)).tasks == ()


def test_another_pairings_ledger_does_not_count(session: Any) -> None:
    scene = make_scene()
    with on("2020-06-10"):
        closures.make_task(scene, pairing=scene.foreign)
    hold(scene, "2020-07-10", pairing_id=scene.foreign.id)
    facts = facts_for(made.self_assessing(scene))
    assert (facts.tasks, facts.meetings, facts.applications) == ((), (), ())


# Reviews by the supporting base


def applications(scene: Scene) -> tuple[ApplicationFact, ...]:
    return facts_for(made.self_assessing(scene)).applications


@pytest.mark.parametrize(
    ("steps", "workdays"),
    [
        ([("2020-09-21", "apply"), ("2020-09-22", "confirm")], [1]),
        ([("2020-09-21", "apply"), ("2020-09-22", "return")], [1]),
        # 1–8 October are a holiday, paid for on two weekends: 27 September and 10 October.
        ([("2020-09-21", "apply"), ("2020-10-12", "confirm")], [11]),
        # Returned by the centre later: the supporting base had done its part.
        (
            [("2020-09-21", "apply"), ("2020-09-22", "confirm"), ("2020-10-20", "return_late")],
            [1],
        ),
        # Still waiting with the time run out, and with time left.
        ([("2020-12-01", "apply")], [None]),
        ([("2020-12-28", "apply")], []),
        # Applied for in time and reviewed in January, in time.
        ([("2020-12-28", "apply"), ("2021-01-05", "confirm")], [5]),
        # Voided by a newer application before anybody reviewed it.
        ([("2020-09-01", "apply"), ("2020-09-21", "apply"), ("2020-09-22", "confirm")], [1]),
        # Not this year's.
        ([("2021-01-04", "apply"), ("2021-01-05", "confirm")], []),
    ],
)
def test_applications_that_the_supporting_base_had_to_review(
    session: Any, steps: list[tuple[str, str]], workdays: list[int | None]
) -> None:
    scene = make_scene()
    play(scene, working_task(scene), *steps)
    assert [fact.workdays for fact in applications(scene)] == workdays


# The leadership group


def gaps(assessment: Assessment) -> dict[str, int]:
    return {kind.label: len(kind.gaps) for kind in facts_for(assessment).group.kinds}


def test_the_group_is_judged_by_its_four_kinds_of_member(session: Any) -> None:
    scene = make_scene()
    assert set(gaps(made.self_assessing(scene)).values()) == {1, 2}
    with on("2020-06-01"):
        leadership_group(scene)
    assert gaps(db.session.query(Assessment).one()) == {
        "组长": 0,
        "副组长": 0,
        "双方培训职能部门负责人": 0,
        "双方全科专业基地负责人": 2,
    }


@pytest.mark.parametrize(
    ("joined", "left", "missing"),
    [
        ("2020-06-01", None, 0),
        ("2020-12-31", None, 0),
        ("2021-01-01", None, 1),
        ("2020-06-01", "2020-12-31", 1),
        ("2020-06-01", "2021-01-01", 0),
    ],
)
def test_who_joined_later_or_had_left_is_missing(
    session: Any, joined: str, left: str | None, missing: int
) -> None:
    scene = make_scene()
    group = leadership_group(scene)
    for member in group.members:
        member.joined_on = date(2020, 6, 1)
    leader = db.session.query(GroupMember).filter_by(name="林一川").one()
    leader.joined_on = date.fromisoformat(joined)
    leader.left_on = date.fromisoformat(left) if left else None
    db.session.flush()
    assert gaps(made.self_assessing(scene))["组长"] == missing


# Meetings


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


def test_leadership_meetings_of_the_period_count_with_their_minutes(session: Any) -> None:
    scene = make_scene()
    hold(scene, "2020-04-16")
    hold(scene, "2020-04-17", "2020-04-20")
    hold(scene, "2020-08-03")
    hold(scene, "2020-12-31", "2021-01-08")
    hold(scene, "2021-01-01")
    hold(scene, "2020-09-01", of_leadership=False)
    hold(scene, "2020-10-12", state=MeetingState.CANCELLED)
    hold(scene, "2020-11-02", state=MeetingState.PLANNED)
    found = facts_for(made.self_assessing(scene)).meetings
    assert [(one.held_on.isoformat(), one.workdays) for one in found] == [
        ("2020-04-17", 1),
        ("2020-08-03", None),
        ("2020-12-31", 5),
    ]


# The agreement, and the plan of later years


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


@pytest.mark.parametrize(
    ("state", "submitted", "done"),
    [
        (AgreementState.FILED, "2020-05-20", "2020-05-20"),
        (AgreementState.FILED, "2020-06-03", "2020-06-03"),
        (AgreementState.FILED, "2021-01-01", None),
        (AgreementState.SUBMITTED, "2020-05-20", None),
        (AgreementState.RETURNED, "2020-05-20", None),
        (AgreementState.DRAFT, None, None),
    ],
)
def test_the_first_submission_of_a_filed_agreement_counts(
    session: Any, state: AgreementState, submitted: str | None, done: str | None
) -> None:
    scene = make_scene()
    filed = agreement(scene, state, submitted)
    filing = facts_for(made.self_assessing(scene)).filing
    assert (filing.kind, filing.id, filing.deadline) == ("agreement", filed.id, date(2020, 5, 22))
    assert filing.done_on == (date.fromisoformat(done) if done else None)


def test_no_agreement_points_at_the_pairing(session: Any) -> None:
    scene = make_scene()
    filing = facts_for(made.self_assessing(scene)).filing
    assert (filing.kind, filing.id, filing.done_on) == ("pairing", scene.pairing_id, None)


def confirmed_plan(scene: Scene, *, areas: int, sides: list[tuple[Side, str]]) -> Plan:
    plan = closures.plan_of(scene)
    plan.goals = [YearGoal(year=2, area=area, goal="目标") for area in list(Area)[:areas]]
    plan.endorsements = [
        PlanEndorsement(
            side=side,
            user_id=made.actor_of(scene, side).id,
            name="负责人",
            endorsed_at=moment(day),
        )
        for side, day in sides
    ]
    db.session.flush()
    return plan


BOTH = [(Side.SUPPORTING, "2021-05-10"), (Side.SUPPORTED, "2021-05-25")]


@pytest.mark.parametrize(
    ("areas", "sides", "done", "note"),
    [
        (5, BOTH, date(2021, 5, 25), ""),
        (4, BOTH, None, "年度目标缺 1 个方面"),
        (5, BOTH[:1], None, "双方尚未全部确认"),
        (0, [], None, "年度目标缺 5 个方面；双方尚未全部确认"),
        (5, [BOTH[0], (Side.SUPPORTED, "2022-01-01")], None, ""),
    ],
)
def test_in_later_years_both_sides_confirm_the_years_plan(
    session: Any, areas: int, sides: list[tuple[Side, str]], done: date | None, note: str
) -> None:
    scene = make_scene()
    confirmed_plan(scene, areas=areas, sides=sides)
    filing = facts_for(made.self_assessing(scene, year=2021)).filing
    assert (filing.kind, filing.deadline) == ("plan", date(2021, 5, 22))
    assert (filing.done_on, filing.note) == (done, note)


def test_a_later_year_without_a_plan_has_nothing_to_show(session: Any) -> None:
    scene = make_scene()
    filing = facts_for(made.self_assessing(scene, year=2022)).filing
    assert (filing.title, filing.done_on) == ("第3年度计划更新确认", None)


# All together


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


def figures(assessment: Assessment) -> dict[str, Decimal]:
    found = figures_of(assessment)
    return {
        score.item.code: found[score.item_id].score
        for score in assessment.scores
        if score.item_id in found
    }


EXPECTED = {
    "1.1": Decimal("1.50"),  # the heads of the GP bases are missing
    "1.2": Decimal("3.25"),  # 3 × 3 ÷ 4 + 1
    "1.3": Decimal("2.00"),  # twelve days late
    "2.1": Decimal("10.00"),  # 6 of 9
    "2.2a": Decimal("2.67"),  # 2 of 3
    "2.2b": Decimal("1.00"),
    "2.3": Decimal("2.00"),  # 1 of 2
}


def test_the_figures_of_a_whole_year(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assert figures(made.self_assessing(scene)) == EXPECTED


def test_the_facts_take_a_constant_number_of_queries(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assessment = made.self_assessing(scene)
    with count_queries() as few:
        facts_for(assessment)
    for _ in range(5):
        play(scene, working_task(scene), *CLOSED)
    with count_queries() as many:
        facts_for(assessment)
    assert len(many) == len(few)
    many.at_most(5)


def test_a_final_score_never_moves_whatever_the_ledger_does(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assessment = made.final_assessment(scene)
    assert figures(assessment) == EXPECTED
    result, inputs = verdict_of(assessment), [dict(one.inputs) for one in assessment.scores]
    assert assessment.total == result.total
    closed = db.session.query(ClosureRequest).filter_by(round=1).first()
    assert closed is not None
    play(scene, closed.task, ("2020-12-20", "reopen"))
    hold(scene, "2020-12-15", "2020-12-16")
    for member in db.session.query(GroupMember):
        member.left_on = date(2020, 7, 1)
    db.session.query(Agreement).one().first_submitted_at = moment("2020-08-01")
    scene.programme.bonus_enabled = False
    db.session.flush()
    db.session.expire_all()
    assert figures(assessment) == EXPECTED
    assert [dict(one.inputs) for one in assessment.scores] == inputs
    assert sheet_of(assessment).counted == result.total
    assert (assessment.total, assessment.bonus) == (result.total, result.bonus)


def test_an_open_year_follows_the_ledger(session: Any) -> None:
    scene = make_scene()
    full_ledger(scene)
    assessment = made.submitted(scene)
    hold(scene, "2020-11-16", "2020-11-17")
    assert figures(assessment)["1.2"] == Decimal("4.00")
