"""Making one paper in a process of its own, under limits of time and memory.

Called as ``making format seconds memory folder``: the folder holds ``facts.json`` and, unless
the paper is made from our own template, ``template``. What is made is written to ``made``.
"""

import json
import sys
from pathlib import Path

from portal import apart

REFUSED = 3
"""Exit status that means: standard output holds the sentence."""


class TemplateFault(Exception):
    """The template cannot be filled; ``sentence`` says where and why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def main(arguments: list[str]) -> int:
    """Make one file. Return the exit status."""
    job, seconds, memory, place = arguments
    apart.limit(int(seconds), int(memory))
    folder = Path(place)
    try:
        made = _made(job, folder)
    except TemplateFault as fault:
        sys.stdout.buffer.write(fault.sentence.encode())
        return REFUSED
    (folder / "made").write_bytes(made)
    return 0


def _made(job: str, folder: Path) -> bytes:
    """Do the job: a paper as docx or pdf, or our own Word template itself."""
    if job == "pdf":
        from portal.documents.official.typst_paper import compiled

        return compiled(folder)
    from portal.documents.official.word_papers import shipped

    kind = (folder / "kind").read_text(encoding="utf-8")
    if job == "template":
        return shipped(kind)
    from portal.documents.official.word_paper import filled

    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    own = folder / "template"
    if not own.is_file():
        return filled(shipped(kind), facts)
    from portal.documents.official.word_checks import check_filled, check_template

    check_template(own.read_bytes())
    paper = filled(own.read_bytes(), facts)
    check_filled(paper)
    return paper
