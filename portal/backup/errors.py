"""The one error of backups."""

SHOWN = 10


class BackupError(RuntimeError):
    """A backup was not made, not whole or not restored; the message says why, to the operator."""

    @classmethod
    def listing(cls, sentence: str, what: list[str]) -> "BackupError":
        """Return an error that names the first of ``what`` under ``sentence``."""
        more = [f"and {len(what) - SHOWN} more"] if len(what) > SHOWN else []
        return cls("\n  ".join([sentence, *what[:SHOWN], *more]))
