"""The gap table of one survey."""

from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for

from portal.blueprints.standards import bp
from portal.models import SurveyState
from portal.policies.gaps import Verdict, measured
from portal.policies.problems import can_write_problem
from portal.policies.survey_sheet import plain
from portal.queries.gaps import GapFilter, gap_table
from portal.queries.surveys import get_survey
from portal.row_ids import row_id
from portal.web.accounts import actor
from portal.web.address import member_of, text_of

MOST_CHOSEN = 200


@bp.get("/surveys/<int:survey_id>/gaps")
def show_gaps(survey_id: int) -> str:
    """Show each baseline figure beside its standards; every edition, unless one was chosen."""
    viewer = actor()
    survey = get_survey(survey_id, viewer=viewer, visit=False)
    if survey.state is SurveyState.PLANNED:
        return render_template(
            "surveys/not_begun.html", survey=survey, pairing=survey.pairing, what="：对照差距表"
        )
    wanted = GapFilter(
        edition=text_of(request.args, "edition", 60),
        verdict=member_of(Verdict, request.args.get("verdict")),
        only=frozenset(
            number
            for text in request.args.getlist("only")[:MOST_CHOSEN]
            if (number := row_id(text)) is not None
        ),
        foreign=request.args.get("foreign") == "1",
    )
    table = gap_table(survey, wanted)
    return render_template(
        "standards/gaps.html",
        pairing=survey.pairing,
        survey=survey,
        table=table,
        editions=[(one, one) for one in table.editions],
        measured=_measured,
        only_url=lambda standard_id: _only_url(survey.id, wanted, standard_id),
        wanted=wanted,
        verdicts=Verdict,
        can_write=bool(can_write_problem(viewer, survey.pairing)),
    )


def _measured(number: Decimal, unit: str) -> str:
    return measured(plain(number), unit)


def _only_url(survey_id: int, wanted: GapFilter, standard_id: int) -> str:
    """Return the address of the same table with one more edition chosen."""
    chosen: dict[str, Any] = {"only": sorted({*wanted.only, standard_id})}
    if wanted.foreign:
        chosen["foreign"] = "1"
    return url_for("standards.show_gaps", survey_id=survey_id, **chosen)
