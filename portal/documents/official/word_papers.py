"""Our own Word templates, one for each kind of paper; they say what the PDF says."""

from portal.documents.official import word_letters, word_plans, word_texts

_WRITERS = {
    "plan": word_plans.plan,
    "task_list": word_plans.task_list,
    "ledger": word_plans.ledger,
    "closure_slip": word_letters.closure_slip,
    "receipt": word_letters.receipt,
    "survey_report": word_texts.survey_report,
    "agreement": word_texts.agreement,
}


def shipped(kind: str) -> bytes:
    """Return our own template of ``kind``. Raises KeyError for an unknown one."""
    return _WRITERS[kind]().content()
