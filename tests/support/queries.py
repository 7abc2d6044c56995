"""Count the SQL statements that a piece of code sends, and keep their texts.

with count_queries() as queries:
    client.get("/tasks")
queries.at_most(6)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import has_app_context
from sqlalchemy import Engine, event

from portal.extensions import db

# The frame around statements, not questions to the database; the savepoints are the tests' own.
FRAME = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "PRAGMA")


@dataclass
class Queries:
    texts: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def __str__(self) -> str:
        return "\n".join(f"{n}. {text}" for n, text in enumerate(self.texts, 1))

    def touching(self, table: str) -> list[str]:
        return [text for text in self.texts if table in text.replace('"', " ").split()]

    def at_most(self, budget: int) -> None:
        """Fail with every statement named, so that the new one is seen at once."""
        assert len(self) <= budget, f"{len(self)} statements, the budget is {budget}:\n{self}"


@contextmanager
def count_queries() -> Iterator[Queries]:
    queries = Queries()
    # What the test itself wrote before is settled first, with its audit entry.
    if has_app_context():
        db.session.commit()

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(FRAME):
            queries.texts.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield queries
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
