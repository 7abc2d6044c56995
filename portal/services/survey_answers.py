"""Filling the sheet in, field by field: each answer is kept by itself."""

from decimal import Decimal
from zlib import crc32

from portal import clock
from portal.errors import Rejected, StaleEdit, StepRefused
from portal.extensions import db
from portal.models import SiteSurvey, SurveyAnswer, SurveyItem, SurveyState, User
from portal.policies.decision import require
from portal.policies.survey_sheet import Field
from portal.policies.survey_values import NOTE_LENGTH, parse
from portal.policies.surveys import can_fill


class StaleAnswer(StaleEdit):
    """Somebody else answered first; ``theirs`` is what is stored now."""

    def __init__(self, theirs: SurveyAnswer, mine: str) -> None:
        super().__init__(f"{theirs.answered_by.name}已先填写了这一项。")
        self.theirs, self.mine = theirs, mine


def mark_of(text: str) -> str:
    """Return a short mark of a stored text: by it a page says which answer it showed."""
    return f"{crc32(text.replace(chr(13), '').strip().encode()):08x}"


def save_answer(
    survey: SiteSurvey, field: Field, text: str, *, seen: str | None, actor: User
) -> SurveyAnswer | None:
    """Keep what ``actor`` typed into ``field``. The caller holds the survey's row.

    ``seen`` is the mark of the answer that the page showed; None asks for nothing.
    Returns the answer, None where there was none and nothing was typed. Raises Forbidden,
    StepRefused outside the field, Rejected beside the field's name, or StaleAnswer.
    """
    require_in_field(survey, actor)
    parsed = parse(field, text, today=clock.today())
    if parsed.error:
        raise Rejected({field.name: parsed.error})
    if error := _above_whole(survey, field, parsed.number):
        raise Rejected({field.name: error})
    answer = _stored(survey, field.item, field.cell)
    if answer is None and not parsed.value:
        return None
    if answer is not None and answer.value == parsed.value:
        return answer
    if answer is not None and answer.value and mark_of(answer.value) != seen:
        _refuse_stale(answer, seen, parsed.value, actor)
    if answer is None:
        answer = _new(survey, field.item, field.cell)
    answer.value, answer.number = parsed.value, parsed.number
    answer.answered_by, answer.answered_at = actor, clock.now()
    db.session.flush()
    return answer


def save_note(
    survey: SiteSurvey, item: SurveyItem, text: str, *, seen: str | None, actor: User
) -> SurveyAnswer | None:
    """Keep the note beside an item: why there is no figure, or what it counts.

    Raises as :func:`save_answer` does.
    """
    require_in_field(survey, actor)
    text = " ".join(text.split())
    if len(text) > NOTE_LENGTH:
        raise Rejected({f"n{item.id}": f"最多 {NOTE_LENGTH} 个字，现有 {len(text)} 个字。"})
    answer = _stored(survey, item, "")
    if answer is None and not text:
        return None
    if answer is not None and answer.note == text:
        return answer
    if answer is not None and answer.note and mark_of(answer.note) != seen:
        _refuse_stale(answer, seen, text, actor)
    if answer is None:
        answer = _new(survey, item, "")
    if not answer.value:
        # Whoever gave the figure stays named beside it.
        answer.answered_by, answer.answered_at = actor, clock.now()
    answer.note = text
    db.session.flush()
    return answer


def require_in_field(survey: SiteSurvey, actor: User) -> None:
    """Raise Forbidden or StepRefused unless ``actor`` may write into the sheet now."""
    require(can_fill(actor, survey))
    if survey.state is not SurveyState.IN_FIELD:
        raise StepRefused(f"实地调研当前状态为“{survey.state.label}”，不能填写调研表。")


def _above_whole(survey: SiteSurvey, field: Field, number: Decimal | None) -> str:
    """Return why a part cannot be this large: its whole, as answered until now, is smaller.

    A whole that is made smaller afterwards is told before the report (missing_for_report).
    """
    key = field.item.options.get("max_of")
    whole = next(
        (one for one in survey.answers if key and one.item.key == key and not one.cell), None
    )
    if number is None or whole is None or whole.number is None or number <= whole.number:
        return ""
    return f"不能多于“{whole.item.label}”（{whole.value}）。"


def _stored(survey: SiteSurvey, item: SurveyItem, cell: str) -> SurveyAnswer | None:
    wanted = (item.id, cell)
    return next((one for one in survey.answers if (one.item_id, one.cell) == wanted), None)


def _refuse_stale(answer: SurveyAnswer, seen: str | None, mine: str, actor: User) -> None:
    """Raise StaleAnswer where somebody else wrote what stands there since the page was drawn.

    One's own later word counts: on a phone the answer to the earlier save may have been lost.
    """
    if seen is not None and answer.answered_by_id != actor.id:
        raise StaleAnswer(answer, mine)


def _new(survey: SiteSurvey, item: SurveyItem, cell: str) -> SurveyAnswer:
    answer = SurveyAnswer(item=item, item_id=item.id, cell=cell)
    survey.answers.append(answer)
    return answer
