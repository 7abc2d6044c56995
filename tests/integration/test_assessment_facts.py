"""What the ledger says about a year, read as it stood on the cut-off day."""

from datetime import date, timedelta
from typing import Any

import pytest

from portal.extensions import db
from portal.models import (
    AgreementState,
    Area,
    Assessment,
    GroupMember,
    MeetingState,
    Plan,
    PlanEndorsement,
    PlanState,
    Side,
    TaskState,
    YearGoal,
)
from portal.queries.assessment_facts import facts_for
from portal.scoring.facts import ApplicationFact, TaskFact
from tests.factories import assessments as made
from tests.factories import closures, make_scene
from tests.factories.extensions import granted_extension
from tests.factories.ledgers import CLOSED, DUE, agreement, hold, moment, on, play, working_task
from tests.factories.meetings import leadership_group
from tests.factories.scenes import Scene


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


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"state": TaskState.CANCELLED, "cancelled_on": date(2020, 12, 30)}, False),
        ({"state": TaskState.CANCELLED, "cancelled_on": date(2021, 1, 4)}, True),
        ({"state": TaskState.SUSPENDED, "state_since": "2020-12-30"}, False),
        ({"state": TaskState.SUSPENDED, "state_since": "2021-01-04"}, True),
    ],
)
def test_what_rested_by_the_cut_off_day_is_not_owed(
    session: Any, values: dict[str, Any], counts: bool
) -> None:
    scene = make_scene()
    since = moment(str(values.pop("state_since", "2020-12-30")))
    rest = {"suspended_from": "in_progress"} if values["state"] is TaskState.SUSPENDED else {}
    working_task(scene, state_since=since, **values, **rest)
    assert bool(facts_for(made.self_assessing(scene)).tasks) is counts


def test_an_extension_granted_after_the_cut_off_day_does_not_count_yet(session: Any) -> None:
    scene = make_scene()
    task = working_task(scene, weight=1)
    first = task.due_on
    for day in ("2020-10-15", "2021-01-15"):
        with on(day):
            granted_extension(task, by=scene.supported_coordinator, decider=scene.supporting_leader)
    fact = the_task(made.self_assessing(scene))
    assert (fact.due_on, fact.extensions) == (first + timedelta(days=60), 1)
    assert task.extensions == 2
