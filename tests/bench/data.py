"""Fills a database with as many tasks as asked for, in the proportions of real programmes."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    Event,
    EvidenceRequirement,
    Organisation,
    OrganisationKind,
    Pairing,
    Plan,
    PlanState,
    ProgressNote,
    Role,
    Task,
    TaskState,
    User,
)
from portal.passwords import hash_password
from tests.factories.scenes import make_programme

PASSWORD = "Bench-2020-mima"
TASKS_PER_PAIRING = 50
PAIRINGS_PER_PROGRAMME = 10
BLOCK = 5000
STATES = (
    [TaskState.CLOSED] * 12
    + [TaskState.IN_PROGRESS] * 5
    + [TaskState.NOT_STARTED] * 6
    + [TaskState.CLOSURE_REQUESTED, TaskState.CONFIRMED]
)


def fill(number: int) -> tuple[str, str]:
    """Add tasks until there are ``number``; return the names of a centre and a hospital account.

    Ten pairings a programme, fifty tasks a pairing; each task has two requirements, two
    notes and three events, so that tables the pages do not need are full as well.
    """
    chance = random.Random(20200417)
    have = db.session.scalar(sa.select(sa.func.count()).select_from(Task)) or 0
    if not have:
        _people()
    centre = db.session.scalars(sa.select(User).where(User.username == "bench-centre")).one()
    programmes = (number - have) // (TASKS_PER_PAIRING * PAIRINGS_PER_PROGRAMME)
    for step in range(programmes):
        _programme(have // (TASKS_PER_PAIRING * PAIRINGS_PER_PROGRAMME) + step, centre, chance)
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
    else:
        with db.engine.connect() as connection:
            connection.execute(sa.text("ANALYZE"))
            connection.commit()
    return "bench-centre", "bench-hospital"


def _people() -> None:
    """One centre, one hospital that every programme has in it, and an account in each."""
    centre = Organisation(name="省中心", short_name="省中心", kind=OrganisationKind.CENTRE)
    hospital = Organisation(
        name="压测帮扶医院", short_name="压测医院", kind=OrganisationKind.HOSPITAL, city="海口市"
    )
    db.session.add_all([centre, hospital])
    db.session.flush()
    for name, role, organisation in (
        ("bench-centre", Role.CENTRE_REVIEWER, centre),
        ("bench-hospital", Role.BASE_COORDINATOR, hospital),
    ):
        db.session.add(
            User(
                username=name,
                name=name,
                role=role,
                organisation=organisation,
                password_hash=hash_password(PASSWORD),
                must_change_password=False,
                created_at=clock.now(),
            )
        )
    db.session.flush()


def _programme(number: int, actor: User, chance: random.Random) -> None:
    """Add one programme with its pairings, plans and tasks."""
    starts_on = clock.today() - timedelta(days=300 + number % 600)
    programme = make_programme(
        starts_on=starts_on, ends_on=starts_on + timedelta(days=1094), name=f"帮扶周期{number}"
    )
    ours = db.session.scalars(
        sa.select(Organisation).where(Organisation.short_name == "压测医院")
    ).one()
    for sequence in range(1, PAIRINGS_PER_PROGRAMME + 1):
        hospital = Organisation(
            name=f"第{number}-{sequence}受援医院",
            short_name=f"{number}-{sequence}院",
            kind=OrganisationKind.HOSPITAL,
            city="三亚市",
        )
        # One pairing of the first programmes belongs to the hospital that is looked through.
        supporting = ours if sequence == 1 and number < 3 else _hospital(number, sequence)
        pairing = Pairing(
            programme=programme,
            sequence=sequence,
            supporting=supporting,
            supported=hospital,
            created_at=clock.now(),
        )
        db.session.add(pairing)
        db.session.flush()
        _plan(pairing, actor, chance)


def _hospital(number: int, sequence: int) -> Organisation:
    hospital = Organisation(
        name=f"第{number}-{sequence}帮扶医院",
        short_name=f"{number}-{sequence}帮扶",
        kind=OrganisationKind.HOSPITAL,
        city="海口市",
    )
    db.session.add(hospital)
    return hospital


def _plan(pairing: Pairing, actor: User, chance: random.Random) -> None:
    """Add a plan in force with its tasks, written in blocks."""
    programme = pairing.programme
    plan = Plan(
        pairing=pairing,
        state=PlanState.IN_FORCE,
        starts_on=programme.starts_on,
        ends_on=programme.ends_on,
        created_by_id=actor.id,
        created_at=clock.now(),
        state_since=clock.now(),
        in_force_at=clock.now(),
    )
    db.session.add(plan)
    db.session.flush()
    rows = [_task(plan, number, chance) for number in range(1, TASKS_PER_PAIRING + 1)]
    ids = list(db.session.scalars(sa.insert(Task).returning(Task.id), rows))
    _around(ids, pairing, actor)


def _task(plan: Plan, number: int, chance: random.Random) -> dict[str, Any]:
    area = list(Area)[number % 5]
    due: date = plan.starts_on + timedelta(days=chance.randrange(60, 1090))
    state = chance.choice(STATES) if due < clock.today() + timedelta(days=90) else STATES[-4]
    closed = state is TaskState.CLOSED
    return {
        "plan_id": plan.id,
        "pairing_id": plan.pairing_id,
        "number": number,
        "code": f"{'ABCDE'[area.number - 1]}-{number:02d}",
        "area": area,
        "title": f"{area.short}任务：全科医学科独立病房与教学门诊第{number}项",
        "criteria": "达到双方商定的标准。",
        "weight": chance.choice((1, 1, 2, 2, 3)),
        "starts_on": min(plan.starts_on, due),
        "due_on": due,
        "first_due_on": due,
        "state": state,
        "state_since": clock.now() - timedelta(hours=chance.randrange(1, 4000)),
        "progress": 100 if closed else 0,
        "closed_on": due if closed else None,
        "created_at": clock.now(),
    }


def _around(ids: list[int], pairing: Pairing, actor: User) -> None:
    """Add what hangs on each task."""
    db.session.execute(
        sa.insert(EvidenceRequirement),
        [
            {"task_id": one, "position": place, "name": f"佐证材料{place}"}
            for one in ids
            for place in (1, 2)
        ],
    )
    db.session.execute(
        sa.insert(ProgressNote),
        [
            {
                "task_id": one,
                "author_id": actor.id,
                "at": clock.now(),
                "progress": 10 * place,
                "body": "按计划推进，已完成本阶段工作。",
            }
            for one in ids
            for place in (1, 2)
        ],
    )
    db.session.execute(
        sa.insert(Event),
        [
            {
                "object_type": "task",
                "object_id": one,
                "pairing_id": pairing.id,
                "action": f"step-{place}",
                "title": "更新进展",
                "actor_id": actor.id,
                "actor_name": actor.name,
                "at": clock.now(),
                "details": [],
            }
            for one in ids
            for place in (1, 2, 3)
        ],
    )
