"""What keeps a command from running, said to the operator in one line instead of a traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from portal.config import ConfigurationError
from portal.storage.base import StoreUnavailable

NO_TABLES = ("no such table", "no such column", "does not exist")
SAID = "portal_said_plainly"


def say_plainly(command: click.Command) -> None:
    """Let ``command``, and every command in it, end with one line and status 1 where it cannot."""
    for inner in getattr(command, "commands", {}).values():
        say_plainly(inner)
    run = command.callback
    if run is not None and not hasattr(run, SAID):
        command.callback = _told(run)


def _told(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with plainly():
            return run(*args, **kwargs)

    setattr(wrapper, SAID, True)
    return wrapper


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what an operator can mend into click's one line; mistakes of ours stay as they are."""
    try:
        yield
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        sentence = _of_database(error)
        if sentence is None:
            raise
        raise click.ClickException(sentence) from error
    except StoreUnavailable as error:
        raise click.ClickException(f"The file store does not answer: {_first(error)}") from error
    except OSError as error:
        raise click.ClickException(_first(error)) from error


def _of_database(error: DBAPIError) -> str | None:
    """Say what is the matter with the database; None where a statement of ours is wrong."""
    said = _first(error.orig)
    nowhere = 'database "' in said or 'role "' in said
    no_tables = not nowhere and any(words in said for words in NO_TABLES)
    if no_tables and isinstance(error, OperationalError | ProgrammingError):
        return f"The tables are missing or older: run `flask db upgrade` first ({said})."
    if isinstance(error, OperationalError):
        return f"The database cannot be used: {said}"
    return None


def _first(error: BaseException | None) -> str:
    """Return the first line of what ``error`` says."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
