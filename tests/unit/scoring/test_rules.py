"""Each automatic rule as a table (domain-facts §10.2)."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from portal import reference_data
from portal.scoring.facts import (
    ApplicationFact,
    Facts,
    FilingFact,
    GroupFacts,
    MeetingFact,
    SeatKind,
    TaskFact,
    Terms,
)
from portal.scoring.rules import (
    RULES,
    filed_on_time,
    first_pass,
    group_complete,
    meetings_and_minutes,
    on_time,
    supporting_review_time,
    weighted_closure,
)

D = Decimal
CUTOFF = date(2020, 12, 31)
DEADLINE = date(2020, 5, 22)
PARAMETERS = reference_data.load("scheme_2020")["parameters"]


def terms(points: str) -> Terms:
    return Terms(D(points), PARAMETERS)


def facts(**values: Any) -> Facts:
    base = Facts(CUTOFF, GroupFacts(1, ()), FilingFact("agreement", 1, "帮扶协议", DEADLINE, None))
    return replace(base, **values)


def group(*gap_counts: int) -> GroupFacts:
    return GroupFacts(1, tuple(SeatKind("类", ("缺人",) * gaps) for gaps in gap_counts))


@pytest.mark.parametrize(
    ("gaps", "score"),
    [
        ((0, 0, 0, 0), "3"),
        ((1, 0, 0, 0), "1.5"),
        ((0, 0, 2, 0), "1.5"),
        ((1, 1, 0, 0), "0"),
        ((1, 1, 1, 1), "0"),
    ],
)
def test_group_complete(gaps: tuple[int, ...], score: str) -> None:
    assert group_complete(facts(group=group(*gaps)), terms("3")).score == D(score)


def meeting(number: int, workdays: int | None) -> MeetingFact:
    signed = None if workdays is None else date(2020, 7, 20)
    return MeetingFact(number, f"第{number}次会议", date(2020, 7, 1), signed, workdays)


@pytest.mark.parametrize(
    ("workdays", "score"),
    [
        ([], "0"),
        ([10], "1.75"),
        ([11], "0.75"),
        ([None], "0.75"),
        ([0, 10, 11, None], "3.5"),
        ([1, 1, 1, 1], "4"),
        ([1, 1, 1, 1, 1, 1], "4"),
        ([1, 1, None], "2.92"),
    ],
)
def test_meetings_and_minutes(workdays: list[int | None], score: str) -> None:
    held = tuple(meeting(number, days) for number, days in enumerate(workdays))
    assert meetings_and_minutes(facts(meetings=held), terms("4")).score == D(score)


@pytest.mark.parametrize(
    ("days_late", "score"),
    [(-30, "3"), (0, "3"), (1, "2"), (14, "2"), (15, "1"), (28, "1"), (29, "0"), (200, "0")],
)
def test_filed_on_time(days_late: int, score: str) -> None:
    done = FilingFact("agreement", 1, "帮扶协议", DEADLINE, DEADLINE + timedelta(days=days_late))
    assert filed_on_time(facts(filing=done), terms("3")).score == D(score)


def test_nothing_filed_is_worth_nothing_and_says_so() -> None:
    figure = filed_on_time(facts(), terms("3"))
    assert (figure.score, figure.inputs["reported"]) == (D("0"), False)


def task(number: int = 1, **values: Any) -> TaskFact:
    """A task of weight 1, due in September and closed off in time unless told otherwise."""
    base = TaskFact(
        number,
        f"A-{number:02} 任务",
        weight=1,
        due_on=date(2020, 9, 30),
        applied_on=date(2020, 9, 20),
        closed_on=date(2020, 10, 9),
    )
    return replace(base, **values)


OPEN = {"applied_on": None, "closed_on": None}


def test_weighted_closure_worked_example() -> None:
    closed = [task(n, weight=2) for n in range(17)]
    open_ = [task(n, weight=3, **OPEN) for n in range(20, 22)]
    figure = weighted_closure(facts(tasks=(*closed, *open_)), terms("15"))
    assert figure.score == D("12.75")
    assert ["已销号权重", "34"] in figure.inputs["counts"]
    assert figure.inputs["working"] == "15×34÷40＝12.75"


@pytest.mark.parametrize(
    ("tasks", "score"),
    [
        ([], "0"),
        ([task()], "15"),
        ([task(**OPEN)], "0"),
        ([task(weight=3), task(2, weight=1, **OPEN)], "11.25"),
        # Not due by the cut-off: neither closed nor open matters.
        ([task(), task(2, due_on=date(2021, 1, 1), **OPEN)], "15"),
        ([task(), task(2, due_on=CUTOFF, **OPEN)], "7.5"),
    ],
)
def test_weighted_closure(tasks: list[TaskFact], score: str) -> None:
    assert weighted_closure(facts(tasks=tuple(tasks)), terms("15")).score == D(score)


def test_on_time_worked_example() -> None:
    tasks = [
        *(task(n) for n in range(22)),
        task(30, extensions=2),
        *(task(n, **OPEN) for n in range(40, 47)),
    ]
    figure = on_time(facts(tasks=tuple(tasks)), terms("4"))
    assert figure.score == D("3.00")
    assert figure.inputs["working"] == "4×22.5÷30＝3.00"


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({}, "4"),
        ({"applied_on": date(2020, 9, 30)}, "4"),
        ({"applied_on": date(2020, 10, 1)}, "0"),
        ({"extensions": 1}, "4"),
        ({"extensions": 2}, "2"),
        ({"extensions": 3}, "2"),
        ({"extensions": 2, "applied_on": date(2020, 10, 1)}, "0"),
        (OPEN, "0"),
        # Reopened by a look-back: the application stands no more.
        ({"closed_on": None}, "0"),
    ],
)
def test_on_time(changes: dict[str, Any], score: str) -> None:
    assert on_time(facts(tasks=(task(**changes),)), terms("4")).score == D(score)


def application(number: int, workdays: int | None) -> ApplicationFact:
    reviewed = None if workdays is None else date(2020, 9, 28)
    return ApplicationFact(number, number, "任务", date(2020, 9, 20), reviewed, workdays)


@pytest.mark.parametrize(
    ("workdays", "score"),
    [([], "0"), ([10], "1"), ([11], "0"), ([None], "0"), ([1, 2, 11], "0.67"), ([1, 1], "1")],
)
def test_supporting_review_time(workdays: list[int | None], score: str) -> None:
    waited = tuple(application(number, days) for number, days in enumerate(workdays))
    assert supporting_review_time(facts(applications=waited), terms("1")).score == D(score)


def test_first_pass_worked_example() -> None:
    tasks = [task(n, failed_rounds=0 if n < 21 else 1) for n in range(26)]
    assert first_pass(facts(tasks=tuple(tasks)), terms("4")).score == D("3.23")


@pytest.mark.parametrize(
    ("tasks", "score"),
    [
        ([], "0"),
        ([task()], "4"),
        ([task(failed_rounds=2)], "0"),
        ([task(), task(2, **OPEN)], "4"),
        # Accepted early counts as well, though it is not due yet.
        ([task(), task(2, due_on=date(2021, 6, 1), failed_rounds=1)], "2"),
    ],
)
def test_first_pass(tasks: list[TaskFact], score: str) -> None:
    assert first_pass(facts(tasks=tuple(tasks)), terms("4")).score == D(score)


def everything() -> Facts:
    return facts(
        group=group(0, 1, 0, 0),
        meetings=(meeting(1, 3), meeting(2, None)),
        filing=FilingFact("agreement", 1, "帮扶协议", DEADLINE, date(2020, 6, 1), "备案号 1"),
        tasks=(task(1, files=((7, "总结.pdf"),)), task(2, **OPEN), task(3, failed_rounds=1)),
        applications=(application(1, 3), application(2, None)),
    )


@pytest.mark.parametrize("key", sorted(RULES))
def test_every_figure_carries_what_it_was_computed_from(key: str) -> None:
    figure = RULES[key](everything(), terms("4"))
    assert json.loads(json.dumps(figure.inputs)) == figure.inputs
    assert figure.inputs["formula"].endswith("。")
    assert figure.inputs["reported"] is True
    assert f"{figure.score}" in figure.inputs["working"]
    assert figure.inputs["rows"]
    assert all(row["title"] and row["detail"] for row in figure.inputs["rows"])


@pytest.mark.parametrize("key", sorted(RULES))
def test_every_rule_stays_between_nothing_and_full_points(key: str) -> None:
    for case in (facts(), everything()):
        assert D("0") <= RULES[key](case, terms("4")).score <= D("4.00")


def test_the_shipped_scheme_names_exactly_these_rules() -> None:
    items = reference_data.load("scheme_2020")["item"]
    assert {item["rule"] for item in items if item["mode"] == "automatic"} == set(RULES)


def test_evidence_files_stand_beside_their_task() -> None:
    figure = weighted_closure(everything(), terms("15"))
    assert figure.inputs["rows"][0]["files"] == [[7, "总结.pdf"]]
