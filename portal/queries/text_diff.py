"""What changed between two texts, word by word: for agreements, amendments and versions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# A phrase ends with its punctuation; inside a phrase every Chinese character is a word.
_PHRASES = re.compile(r"[^，。；：、！？（）\n]*[，。；：、！？（）\n]|[^，。；：、！？（）\n]+")
_WORDS = re.compile(r"[A-Za-z0-9.%]+|\s+|.", re.DOTALL)
# Two passages that share less than this are shown whole: confetti explains nothing.
_ALIKE = 0.5
# Comparing characters costs the product of the lengths; beyond this, phrases must do.
_REFINE = 600


@dataclass(frozen=True)
class Piece:
    """A stretch of text; ``marked`` when the other revision does not have it."""

    text: str
    marked: bool = False


def compare_texts(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Return both texts in pieces, what only one of them has being marked."""
    old, new = _PHRASES.findall(before), _PHRASES.findall(after)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, old_text, new_text in _steps(old, new):
        if kind == "equal":
            left.append(Piece(old_text))
            right.append(Piece(new_text))
        elif kind == "replace" and len(old_text) + len(new_text) <= _REFINE:
            _refine(old_text, new_text, left, right)
        else:
            left.append(Piece(old_text, marked=True))
            right.append(Piece(new_text, marked=True))
    return _joined(left), _joined(right)


def _refine(before: str, after: str, left: list[Piece], right: list[Piece]) -> None:
    """Compare two passages word by word, unless they have too little in common."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if SequenceMatcher(None, old, new, autojunk=False).ratio() < _ALIKE:
        left.append(Piece(before, marked=True))
        right.append(Piece(after, marked=True))
        return
    for kind, old_text, new_text in _steps(old, new):
        left.append(Piece(old_text, marked=kind != "equal"))
        right.append(Piece(new_text, marked=kind != "equal"))


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Yield difflib's steps with the texts they are about."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        yield kind, "".join(old[i1:i2]), "".join(new[j1:j2])


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Drop empty pieces and join neighbours of one kind."""
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if joined and joined[-1].marked == piece.marked:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.marked)
        else:
            joined.append(piece)
    return joined
