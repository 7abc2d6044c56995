"""What the tests of the assessment pages share: addresses, fields, and a fresh look."""

from portal.extensions import db
from portal.models import Assessment
from tests.factories import assessments as made

SHEET = 'form[aria-label="考核表"]'


def url(assessment: Assessment, tail: str = "") -> str:
    return f"/assessments/{assessment.id}{tail}"


def item_id(assessment: Assessment, code: str) -> int:
    return made.score_of(assessment, code).item_id


def fields(code_scores: dict[str, str], assessment: Assessment) -> dict[str, str]:
    """The score fields of some items, as a browser would send them."""
    return {f"score_{item_id(assessment, code)}": value for code, value in code_scores.items()}


def reload(assessment: Assessment) -> Assessment:
    """Forget what the test knows, and see what a request wrote."""
    db.session.expire_all()
    return assessment
