"""What the report of a survey says of each problem; the confirming step keeps it for good."""

from dataclasses import asdict, dataclass
from typing import Any

from portal.models import Area, Problem, Severity


@dataclass(frozen=True)
class Finding:
    """One problem as the report names it. ``id`` leads to the problem as it stands today."""

    id: int
    number: int
    area: Area
    severity: Severity
    title: str
    description: str
    need: str

    def kept(self) -> dict[str, Any]:
        """Return what the survey stores of it."""
        return {**asdict(self), "area": self.area.value, "severity": self.severity.value}


REPORTED = ("area", "title", "severity", "description", "need")
"""What can be edited of a problem and stands in the report: a change asks both leaders anew."""

SETTLED = ("area", "title", "severity")
"""What of these stays once both sides confirmed, so that everybody means the same problem."""


def finding_of(problem: Problem) -> Finding:
    """Return what the report says of ``problem`` today."""
    return Finding(
        problem.id, problem.number, **{name: getattr(problem, name) for name in REPORTED}
    )


def kept_finding(stored: dict[str, Any]) -> Finding:
    """Return what :meth:`Finding.kept` stored."""
    return Finding(
        **{**stored, "area": Area(stored["area"]), "severity": Severity(stored["severity"])}
    )


def in_order(findings: list[Finding]) -> list[Finding]:
    """Return the findings as the report lists them: by area as in the notice, then by number."""
    return sorted(findings, key=lambda one: (one.area.number, one.number))
