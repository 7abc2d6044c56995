"""What is done outside the database once a transaction is kept, and never for one that is not."""

import logging
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

WAITING = "after_commit"


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Have ``action`` done when the transaction of ``session`` is kept.

    It must be something that may as well be left undone: a failure is only written down.
    """
    session.info.setdefault(WAITING, []).append(action)


@sa.event.listens_for(Session, "after_commit")
def _do(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for action in session.info.pop(WAITING, ()):
        try:
            action()
        except OSError:
            log.warning("could not clear up after a commit", exc_info=True)


@sa.event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _transaction: object) -> None:
    session.info.pop(WAITING, None)
