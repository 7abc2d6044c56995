"""Builds the demonstration: reference data, accounts, then the pairings at their stages."""

from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa

from portal import clock, look_in, reference_data
from portal.demo import stages
from portal.demo.history import in_order_of_time
from portal.demo.people import load_people
from portal.documents import pairing_table
from portal.extensions import db
from portal.models import Programme, Scheme, User, VerificationPolicy
from portal.services import first_run, pairing_import, programmes
from portal.services.programmes import Band, ProgrammeFields

FIRST_DAY = date(2020, 4, 20)
"""When the programme was set up: the Monday after the notice."""

DEMO_TODAY = date(2021, 3, 15)
"""The demonstration's first day: ten months into the programme of 2020."""


def is_empty() -> bool:
    """Whether nobody has an account yet, so that a demonstration may be built."""
    return db.session.scalar(sa.select(User.id).limit(1)) is None


def offset_for(today: date) -> int:
    """Return by how many days the clock must be shifted so that ``today`` is DEMO_TODAY."""
    return (DEMO_TODAY - today) // timedelta(days=1)


def seed() -> None:
    """Build everything in one transaction. The caller commits."""
    clock.set_offset(0)
    clock.set_offset(offset_for(clock.today()))
    organisations = first_run.load_organisations()
    first_run.load_task_library()
    scheme = first_run.load_scheme()
    first_run.load_survey_template()
    first_run.load_standards()
    with in_order_of_time(), look_in.drawn_here():
        with clock.at(FIRST_DAY):
            people = load_people(organisations)
            programme = _load_programme(scheme, people["shengwei-officer"])
        stages.play(programme.pairings)


def _load_programme(scheme: Scheme, actor: User) -> Programme:
    """Set the notice's programme up and import its table, as the commission would by hand."""
    programme = programmes.create_programme(_programme_fields(scheme), actor=actor)
    table = pairing_table.read_text(reference_data.text("notice_2020_pairings.txt"))
    pairing_import.import_table(programme, table.lines, None, actor=actor)
    return programme


def _programme_fields(scheme: Scheme) -> ProgrammeFields:
    """Return what the shipped file says about the programme of 2020."""
    data = reference_data.load("programme_2020")
    return ProgrammeFields(
        name=data["name"],
        document=data["document_title"],
        basis=data["basis"],
        issued_on=data["issued_on"],
        starts_on=data["starts_on"],
        ends_on=data["ends_on"],
        filing_deadline=data["filing_deadline"],
        meeting_interval_months=data["meeting_interval_months"],
        verification=VerificationPolicy(data["verification"]["policy"]),
        sample_percent=data["verification"]["sample_percent"],
        bonus_enabled=data["bonus"]["enabled"],
        bands=[
            Band(Decimal(band["min_score"]), Decimal(band["points"]))
            for band in reference_data.load("scheme_2020")["bonus_band"]
        ],
        scheme_id=scheme.id,
    )
