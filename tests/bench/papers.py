"""What a long ledger costs as docx and as PDF: time and memory of the process that makes it.

.venv/bin/python -m tests.bench.papers [lines …]
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time

from portal.documents.official import producing
from portal.models import OutputFormat, OutputKind
from portal.queries.papers import sample

LINES = (60, 1000, 5000)


def measure(lines: int, fmt: OutputFormat) -> None:
    """Make one ledger and say what it took; run in a process of its own for its own maximum."""
    facts = sample(OutputKind.LEDGER)
    one = facts["lines"][0]
    facts["lines"] = [
        {**one, "number": str(number), "code": f"A-{number:04d}"} for number in range(1, lines + 1)
    ]
    begun = time.monotonic()
    made = producing.produce(OutputKind.LEDGER, fmt, facts)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{lines:>6} lines {fmt.value}: {spent.ru_utime + spent.ru_stime:.1f} s of a processor,"
        f" {time.monotonic() - begun:.1f} s in all, {spent.ru_maxrss / 1024:.0f} MiB,"
        f" {len(made) / 1024:.0f} KiB"
    )


def main() -> None:
    """Measure both formats at each size."""
    for lines in [int(one) for one in sys.argv[1:]] or LINES:
        for fmt in OutputFormat:
            child = multiprocessing.get_context("spawn").Process(target=measure, args=(lines, fmt))
            child.start()
            child.join()


if __name__ == "__main__":
    main()
