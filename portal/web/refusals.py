"""What a page shows of a step that could not be taken now."""

from dataclasses import dataclass

from portal.errors import PortalError
from portal.web.forms import PortalForm


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


def typed_in(form: PortalForm) -> str:
    """Return the longer texts that were typed into ``form``."""
    texts = [field.data for field in form if field.type == "TextAreaField" and field.data]
    return "\n".join(texts)
