"""One line that tells how far a long command is; only where somebody watches."""

import sys
import time

import click

EVERY_SECONDS = 0.5
UNITS = ("B", "kB", "MB", "GB", "TB")


class Progress:
    """A line on the terminal that is written over; nothing in a log or a pipe."""

    def __init__(self, what: str, total: int = 0) -> None:
        self.what, self.total = what, total
        self.done = self.size = 0
        self._shown_at = 0.0

    def step(self, size: int) -> None:
        """One more is done, of ``size`` bytes."""
        self.done += 1
        self.size += size
        if sys.stderr.isatty() and time.monotonic() - self._shown_at > EVERY_SECONDS:
            self._shown_at = time.monotonic()
            click.echo(f"\r{self}\x1b[K", err=True, nl=False)

    def end(self) -> None:
        """Take the line away."""
        if self._shown_at:
            click.echo("\r\x1b[K", err=True, nl=False)

    def __str__(self) -> str:
        of_total = f" of {self.total}" if self.total else ""
        return f"{self.what} {self.done}{of_total} files, {readable(self.size)}"


def readable(size: float) -> str:
    """Return a number of bytes in the largest unit that leaves a number above one."""
    for unit in UNITS:
        if size < 1000 or unit == UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
