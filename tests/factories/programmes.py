"""Programmes at their stages, and tables to import into them."""

from datetime import date
from decimal import Decimal

from portal.extensions import db
from portal.models import (
    ItemMode,
    ItemSide,
    Organisation,
    Programme,
    Scheme,
    ScoreItem,
    User,
    VerificationPolicy,
)
from portal.services.programmes import Band, ProgrammeFields, create_programme
from tests.factories.people import make_organisation


def programme_fields(**changes: object) -> ProgrammeFields:
    """What a complete form says; keyword arguments replace single fields."""
    values: dict[str, object] = {
        "name": "全省全科基地结对帮扶（2024—2027年）",
        "document": "关于新一轮结对帮扶的通知",
        "basis": "",
        "issued_on": date(2024, 1, 10),
        "starts_on": date(2024, 3, 1),
        "ends_on": date(2027, 2, 28),
        "filing_deadline": date(2024, 4, 30),
        "meeting_interval_months": 3,
        "verification": VerificationPolicy.KEY_AND_SAMPLE,
        "sample_percent": 20,
        "bonus_enabled": True,
        "bands": [Band(Decimal("90"), Decimal("2")), Band(Decimal("80"), Decimal("1"))],
        "scheme_id": None,
    }
    return ProgrammeFields(**{**values, **changes})  # type: ignore[arg-type]


def empty_programme(actor: User, **changes: object) -> Programme:
    """A programme without pairings, made by ``actor``."""
    return create_programme(programme_fields(**changes), actor=actor)


def make_scheme(title: str = "年度考核指标（测试版）") -> Scheme:
    """A scheme of one judged item."""
    scheme = Scheme(edition=title[:40], title=title)
    scheme.items.append(
        ScoreItem(
            position=0,
            code="1",
            title="组织管理",
            points=Decimal("100"),
            side=ItemSide.BOTH,
            mode=ItemMode.JUDGED,
        )
    )
    db.session.add(scheme)
    db.session.flush()
    return scheme


def named_hospitals(*names: str) -> list[Organisation]:
    """Hospitals with these names."""
    return [make_organisation(name=name) for name in names]


def table_text(*pairs: tuple[str, str]) -> str:
    """A table as one pastes it: a header and a row for each pair."""
    rows = [f"{number}\t{left}\t{right}" for number, (left, right) in enumerate(pairs, start=1)]
    return "\n".join(["序号\t培训基地\t对口帮扶基地", *rows])
