"""What a page shows of a step that could not be taken now."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import request

from portal.errors import PortalError, StepRefused
from portal.web.forms import PortalForm
from portal.web.requests import READING

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Refused:
    """A step that could not be taken now, with what the person had written for it."""

    sentence: str
    missing: list[str]
    typed: str

    @classmethod
    def of(cls, refusal: PortalError, form: PortalForm) -> "Refused":
        """Keep the words of ``form``: the page may no longer have the place they were typed in."""
        return cls(refusal.sentence, refusal.sentences[1:], typed_in(form))

    @classmethod
    def over_form(cls, refusal: PortalError) -> "Refused":
        """The same above a form that still shows everything typed into it."""
        return cls(refusal.sentence, refusal.sentences[1:], "")


def refusal_of(check: Callable[[Subject], None], subject: Subject) -> Refused | None:
    """Return why a form on ``subject`` is closed now, to be shown above what was typed into it.

    Raises StepRefused as ``check`` does where nothing was typed yet: the form is not opened.
    """
    try:
        check(subject)
    except StepRefused as refusal:
        if request.method in READING:
            raise
        return Refused.over_form(refusal)
    return None


def typed_in(form: PortalForm) -> str:
    """Return the longer texts that were typed into ``form``."""
    texts = [field.data for field in form if field.type == "TextAreaField" and field.data]
    return "\n".join(texts)
