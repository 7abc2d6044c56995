"""Makes one derived file in a process of its own: ``python -P …/previews <arguments>``.

Run by its path, without the application around it: loading that alone takes longer than most
previews do. See :mod:`portal.documents.previews.making`.
"""

import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def _without_the_application() -> None:
    """Let ``portal.…`` be found while ``portal/__init__.py`` is not run."""
    bare = ModuleType("portal")
    bare.__path__ = [str(HERE.parents[1])]
    sys.modules["portal"] = bare


if __name__ == "__main__":
    _without_the_application()
    from portal.documents.previews.making import main

    sys.exit(main(sys.argv[1:]))
