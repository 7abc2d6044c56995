"""Work on hostile bytes in a process of its own, which may use only so much time and memory.

Run by its path, as ``python -P …/apart.py module arguments``, it calls the module's ``main``
without the application around it: loading that alone takes longer than most of such work.
"""

import importlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

PROGRAM = [sys.executable, "-P", str(Path(__file__).resolve())]


def run(
    command: Sequence[str], *, folder: str, seconds: int, stdin: Any = subprocess.DEVNULL
) -> subprocess.CompletedProcess[bytes]:
    """Run ``command`` in ``folder`` with nothing of our environment, for ``seconds`` at most.

    Raises subprocess.TimeoutExpired.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        stdin=stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


def limit(seconds: int, memory: int) -> None:
    """Let this process use so many seconds of one processor and so many bytes of addresses."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


if __name__ == "__main__":
    # Let portal.… be found while portal/__init__.py is not run.
    bare = ModuleType("portal")
    bare.__path__ = [str(Path(__file__).resolve().parent)]
    sys.modules["portal"] = bare
    sys.exit(importlib.import_module(sys.argv[1]).main(sys.argv[2:]))
