"""How fast a pack is, beside what the machine can do: ``python -m tests.bench.packs``.

Five hundred files of a base, packed through the portal (scope, hashes checked on the way, index,
sums), next to ``cat`` of the same files, ``sha256sum`` of them, and ``zip -0``. Taken in turn, in
rounds, in one run; medians. Peak memory is what the process gained while packing.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from portal import storage
from portal.extensions import db
from portal.models import Evidence, StoredFile
from portal.queries.packs import pairings_of, pieces_of_pairings
from tests.factories import Scene, make_scene
from tests.factories.evidence import evidence_for, pdf_bytes
from tests.factories.plans import plan_in_force
from tests.factories.tasks import make_task
from tests.support.apps import build_app, migrate


def fill(scene: Scene, files: int, size: int) -> None:
    """Give the pairing's tasks ``files`` pieces of ``size`` bytes each."""
    plan = plan_in_force(scene.pairing, scene)
    tasks = [make_task(plan) for _ in range(50)]
    for number in range(files):
        content = pdf_bytes(str(number)) + os.urandom(size)
        evidence_for(
            tasks[number % len(tasks)],
            by=scene.supported_coordinator,
            name=f"佐证材料{number:03d}.pdf",
            content=content,
        )
    db.session.commit()


def packed(app: Flask, scene: Scene, target: Path) -> None:
    """Write the pack of the base as the page would send it."""
    from portal.documents.packs import entries_of, stream_of

    viewer, base = scene.supported_coordinator, scene.pairing.supported
    pairings = pairings_of(base, viewer=viewer)
    pieces = pieces_of_pairings(pairings, viewer=viewer)
    stream = stream_of(entries_of(pieces, pairings, with_fallen=False))
    with target.open("wb") as out:
        for chunk in stream:
            out.write(chunk)
    assert target.stat().st_size == len(stream)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall seconds and CPU seconds, children included."""
    before, started = os.times(), time.perf_counter()
    work()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return time.perf_counter() - started, cpu


def main() -> None:
    """Fill, measure in turn, print a table for docs/performance.md."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=500)
    options.add_argument("--kilobytes", type=int, default=600)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = build_app(f"sqlite:///{folder / 'db.sqlite3'}", folder)
        migrate(app)
        with app.app_context():
            scene = make_scene()
            fill(scene, asked.files, asked.kilobytes * 1024)
            hashes = db.session.scalars(
                db.select(StoredFile.sha256).join(Evidence, Evidence.file_id == StoredFile.id)
            ).all()
            paths = [str(storage.store().path(one)) for one in hashes]
            measure(app, scene, paths, folder, asked.rounds)


def measure(app: Flask, scene: Scene, paths: list[str], folder: Path, rounds: int) -> None:
    """Time each way in turn and print the medians."""
    target = folder / "out"
    with io.StringIO() as listed:
        listed.write("\n".join(paths))
        names = listed.getvalue()

    def run(command: list[str], **more: object) -> None:
        subprocess.run(command, check=True, text=True, input=names, **more)  # type: ignore[call-overload]

    ways: dict[str, Callable[[], object]] = {
        "pack of the portal": lambda: packed(app, scene, target),
        "cat": lambda: run(["xargs", "-d", "\\n", "sh", "-c", f'cat "$@" > {target}', "-"]),
        "sha256sum and cat": lambda: (
            run(["xargs", "-d", "\\n", "sha256sum"], stdout=subprocess.DEVNULL),
            run(["xargs", "-d", "\\n", "sh", "-c", f'cat "$@" > {target}', "-"]),
        ),
    }
    if shutil.which("zip"):
        ways["zip -0"] = lambda: run(
            ["zip", "-0", "-q", "-j", f"{target}.zip", "-@"], stdout=subprocess.DEVNULL
        )
    seen: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    rest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(rounds):
        for way, work in ways.items():
            for left in (target, Path(f"{target}.zip")):
                left.unlink(missing_ok=True)
            seen[way].append(timed(work))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rest) / 1024
    size = sum(os.path.getsize(path) for path in paths) / 1024 / 1024
    print(f"{len(paths)} files, {size:.0f} MiB; memory gained {grown:.1f} MiB")
    floor = statistics.median(cpu for _, cpu in seen["sha256sum and cat"])
    for way, figures in seen.items():
        wall = statistics.median(one for one, _ in figures)
        cpu = statistics.median(one for _, one in figures)
        print(f"| {way} | {wall:.2f} s | {cpu:.2f} s | {cpu / floor:.2f} |")


if __name__ == "__main__":
    main()
