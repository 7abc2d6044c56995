"""The answer of every can_* rule: yes, or no with the sentence that says why."""

from dataclasses import dataclass

from portal.errors import Forbidden


@dataclass(frozen=True)
class Decision:
    """True or false in a condition; ``reason`` is the sentence for a refusal."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Decision(True)


def no(reason: str) -> Decision:
    """Refuse with a Chinese sentence."""
    return Decision(False, reason)


def yes_if(condition: bool, reason: str) -> Decision:
    """Allow if ``condition``, else refuse with ``reason``."""
    return YES if condition else no(reason)


def require(decision: Decision) -> None:
    """Raise Forbidden with the decision's own sentence unless it allows."""
    if not decision.allowed:
        raise Forbidden(decision.reason)
