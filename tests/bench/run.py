"""Times the ledger, task page, workbench and overview against their floors, in one run.

    script/bench                      10,000 and 100,000 tasks, PostgreSQL where it is installed
    script/bench --sizes 10000 --rounds 7 --sqlite

CPU milliseconds a request of this process and of the database's, the median of rounds in
which portal and floor take turns. Machines are noisy: read the ratios.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from portal import clock
from portal.extensions import db
from portal.models import Programme, Task, User
from tests.bench.data import PASSWORD, fill
from tests.bench.floor import make_floor
from tests.support.apps import build_app, dispose, migrate
from tests.support.postgres import programs_folder, running_server
from tests.support.queries import count_queries

TICKS = os.sysconf("SC_CLK_TCK")
TARGETS = {"ledger": (2.0, 6), "task": (3.0, 8), "workbench": (2.0, 8), "overview": (2.0, 8)}


@dataclass
class Timing:
    """CPU milliseconds a request, one figure for each round."""

    process: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Median of process and database together."""
        return statistics.median(a + b for a, b in zip(self.process, self.server, strict=True))


def backend_seconds(pids: list[int]) -> float:
    """Return the CPU seconds the database's backends have used so far (10 ms steps)."""
    used = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        used += int(fields[11]) + int(fields[12])
    return used / TICKS


def backends(engine: sa.Engine) -> list[int]:
    """Return the process ids of the database's connections; none on SQLite."""
    if engine.dialect.name != "postgresql":
        return []
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    with engine.connect() as connection:
        return list(connection.execute(sa.text(query)).scalars())


def measure(visit: Callable[[], Any], times: int, pids: list[int], into: Timing) -> None:
    """Run ``visit`` so many times and note the CPU time a request."""
    before, server = time.process_time(), backend_seconds(pids)
    for _ in range(times):
        visit()
    into.process.append((time.process_time() - before) * 1000 / times)
    into.server.append((backend_seconds(pids) - server) * 1000 / times)


def logged_in(app: Flask, username: str) -> Any:
    """Return a client with a session of ``username``, made through the log-in page."""
    client = app.test_client()
    token = re.search(r'csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token
    form = {"username": username, "password": PASSWORD, "csrf_token": token.group(1)}
    answer = client.post("/login", data=form)
    assert answer.status_code == 303, answer.status_code
    return client


def visitor(client: Any, path: str) -> Callable[[], Any]:
    """Return a call that opens ``path`` and insists on a good answer."""

    def visit() -> Any:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    return visit


def compare(app: Flask, size: int, rounds: int, times: int) -> list[tuple[Any, ...]]:
    """Return one line for each page at this size."""
    with app.app_context():
        centre, _ = fill(size)
        newest = db.session.scalars(
            sa.select(Programme.id).order_by(Programme.starts_on.desc(), Programme.id.desc())
        ).first()
        task = db.session.scalars(sa.select(Task.id).order_by(Task.id.desc())).first()
        number = db.session.scalars(sa.select(User.id).where(User.username == centre)).one()
        engine = db.engine
        db.session.remove()
    assert newest
    assert task
    floor = make_floor(engine, clock.today(), newest).test_client()
    floor.get(f"/login/{number}")
    client = logged_in(app, centre)
    pages = {
        "ledger": ("/tasks?area=faculty", "/list"),
        "task": (f"/tasks/{task}", f"/detail/{task}"),
        "workbench": ("/", "/bench"),
        "overview": ("/overview", "/overview"),
    }
    gc.collect()
    gc.freeze()
    lines = []
    for name, (ours, least) in pages.items():
        visits = visitor(client, ours), visitor(floor, least)
        for visit in visits * 2:
            visit()
        with app.app_context(), count_queries() as counted:
            answer = visits[0]()
        pids, timings = backends(engine), (Timing(), Timing())
        for _ in range(rounds):
            for visit, timing in zip(visits, timings, strict=True):
                measure(visit, times, pids, timing)
        lines.append((name, size, *timings, len(counted.texts), len(answer.data)))
    gc.unfreeze()
    return lines


def report(lines: list[tuple[Any, ...]]) -> bool:
    """Print the table; return whether every target is met."""
    print(f"{'page':<10}{'tasks':>8}{'floor':>9}{'portal':>9}{'ratio':>7}{'aim':>5}", end="")
    print(f"{'queries':>9}{'aim':>5}{'kB':>7}")
    kept = True
    for name, size, ours, least, queries, weight in lines:
        ratio, (aim, most) = ours.total / least.total, TARGETS[name]
        kept = kept and ratio <= aim and queries <= most
        print(f"{name:<10}{size:>8}{least.total:>7.2f}ms{ours.total:>7.2f}ms", end="")
        print(f"{ratio:>7.2f}{aim:>5.1f}{queries:>9}{most:>5}{weight / 1024:>7.1f}")
    return kept


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--sqlite", action="store_true")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'bench.sqlite3'}"
        if not chosen.sqlite and programs_folder():
            url = stack.enter_context(running_server()).create_database("bench")
        app = build_app(url, folder / "instance")
        stack.callback(dispose, app)
        migrate(app)
        print(f"database: {url.partition(':')[0]}; CPU ms a request of process and database,")
        print(f"median of {chosen.rounds} rounds of {chosen.times} requests, taking turns\n")
        lines = []
        for size in sorted(chosen.sizes):
            lines += compare(app, size, chosen.rounds, chosen.times)
        kept = report(lines)
    print("\nevery aim is met" if kept else "\nNOT every aim is met")
    return 0


if __name__ == "__main__":
    sys.exit(main())
