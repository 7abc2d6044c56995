"""What a paper is made of: loaded in the viewer's scope, then told as plain facts."""

from collections.abc import Callable, Iterator
from typing import Any

from portal.models import OutputKind
from portal.queries.papers.agreement import AgreementPaper, agreement_paper
from portal.queries.papers.closure_slip import ClosureSlip, closure_slip
from portal.queries.papers.ledger import LedgerPaper, ledger_paper
from portal.queries.papers.plan import PlanPaper, plan_paper
from portal.queries.papers.receipt import ReceiptPaper, receipt_paper
from portal.queries.papers.subjects import Subject, get_subject
from portal.queries.papers.survey_report import SurveyReport, survey_report
from portal.queries.papers.task_list import TaskListPaper, task_list_paper
from portal.queries.papers.telling import Placeholder, facts_from, placeholders_of, sample_of

__all__ = ["Subject", "facts_of", "get_subject", "placeholders", "sample"]

_KINDS: dict[OutputKind, tuple[type, Callable[[Any], Any]]] = {
    OutputKind.PLAN: (PlanPaper, plan_paper),
    OutputKind.TASK_LIST: (TaskListPaper, task_list_paper),
    OutputKind.LEDGER: (LedgerPaper, ledger_paper),
    OutputKind.CLOSURE_SLIP: (ClosureSlip, closure_slip),
    OutputKind.RECEIPT: (ReceiptPaper, receipt_paper),
    OutputKind.SURVEY_REPORT: (SurveyReport, survey_report),
    OutputKind.AGREEMENT: (AgreementPaper, agreement_paper),
}


def facts_of(subject: Subject) -> dict[str, Any]:
    """Return the facts of a paper: texts, lists and dicts of them, all that a template sees."""
    _, tell = _KINDS[subject.kind]
    facts: dict[str, Any] = facts_from(tell(subject.about))
    return facts


def sample(kind: OutputKind) -> dict[str, Any]:
    """Return facts of a made-up paper of ``kind``."""
    paper, _ = _KINDS[kind]
    return sample_of(paper)


def placeholders(kind: OutputKind) -> Iterator[Placeholder]:
    """Yield what a template of ``kind`` may name."""
    paper, _ = _KINDS[kind]
    return placeholders_of(paper)
