"""What can go wrong in a way that the user is told about, each with its answer's status."""

from collections.abc import Mapping, Sequence


class PortalError(Exception):
    """Something the user is told in one clear Chinese sentence."""

    status = 400

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    @property
    def sentences(self) -> list[str]:
        """All there is to say, one sentence each."""
        return [self.sentence]


class NotVisible(PortalError):
    """There is no such thing, or the viewer may not know that there is."""

    status = 404

    def __init__(self, sentence: str = "没有找到这个页面，或您无权查看。") -> None:
        super().__init__(sentence)


class Gone(PortalError):
    """It was there, and its time is over: a link that was used, replaced or has run out."""

    status = 410


class Forbidden(PortalError):
    """It may be seen but not done by this person."""

    status = 403


class StepRefused(PortalError):
    """The step is not allowed now, or something is still missing for it."""

    status = 409

    def __init__(self, sentence: str, missing: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.missing = list(missing)

    @property
    def sentences(self) -> list[str]:
        """The refusal, then each thing still missing."""
        return [self.sentence, *self.missing]


class StaleEdit(PortalError):
    """Somebody else saved in the meantime; the later one gets both texts back."""

    status = 409

    def __init__(
        self, sentence: str = "您打开页面后，已有其他人修改并保存。请核对后再提交。"
    ) -> None:
        super().__init__(sentence)


class Rejected(PortalError):
    """Input that cannot be accepted, field by field."""

    status = 422

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("；".join(fields.values()))
        self.fields = dict(fields)


class FileWithheld(PortalError):
    """The file may be seen but not opened: the virus scanner has not said that it is clean."""

    status = 423


class FileUnreadable(PortalError):
    """The file is on record, but its bytes cannot be read now."""

    status = 503
