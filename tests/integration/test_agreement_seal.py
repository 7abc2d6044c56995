"""The hash on the receipt: taken at the filing, and noticing every change after it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import Agreement, AnnexKind
from portal.policies.agreement_seal import canonical, seal_holds, seal_of
from portal.queries.papers.agreement import agreement_paper
from portal.queries.papers.receipt import receipt_paper
from tests.factories import PASSWORD, make_scene
from tests.factories.agreement_papers import ended
from tests.factories.agreements import filed_agreement, submitted_agreement
from tests.support.pages import PageClient


@pytest.fixture(autouse=True)
def _ten_months_into_the_programme() -> Iterator[None]:
    with time_machine.travel("2021-03-15T09:00:00+08:00"):
        yield


def no_annex_rows(agreement: Agreement) -> None:
    annex = next(one for one in agreement.current.annexes if one.kind is AnnexKind.TASKS)
    annex.content = {**annex.content, "rows": annex.content["rows"][1:]}


def one_letter(agreement: Agreement) -> None:
    agreement.current.clauses[3].body += "。"


def a_title(agreement: Agreement) -> None:
    agreement.current.clauses[3].title += "（改）"


def a_clause_less(agreement: Agreement) -> None:
    agreement.current.clauses.pop()


def another_signer(agreement: Agreement) -> None:
    agreement.current.signatures[0].name += "某"


def another_moment(agreement: Agreement) -> None:
    agreement.current.signatures[1].signed_at += timedelta(microseconds=1)


def a_deputy(agreement: Agreement) -> None:
    agreement.current.signatures[0].on_behalf_of = "某某"


def the_term(agreement: Agreement) -> None:
    agreement.current.ends_on += timedelta(days=1)


def the_scan(agreement: Agreement) -> None:
    assert agreement.current.scan is not None
    agreement.current.scan.sha256 = "0" * 64


def the_number(agreement: Agreement) -> None:
    agreement.filing_number = "琼全科帮扶备〔2020〕99号"


CHANGES: tuple[Callable[[Agreement], None], ...] = (
    no_annex_rows,
    one_letter,
    a_title,
    a_clause_less,
    another_signer,
    another_moment,
    a_deputy,
    the_term,
    the_scan,
    the_number,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_any_change_is_noticed(session: Session, change: Callable[[Agreement], None]) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    session.commit()
    session.expire_all()
    assert len(agreement.current.sha256) == 64
    assert seal_holds(agreement) is True
    change(agreement)
    session.flush()
    session.expire_all()
    assert seal_holds(agreement) is False


def test_nothing_is_sealed_before_the_filing(session: Session) -> None:
    agreement = submitted_agreement(make_scene())
    assert agreement.current.sha256 == ""
    assert seal_holds(agreement) is None


def test_what_happens_later_does_not_break_it(session: Session) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    ended(agreement, scene)
    session.expire_all()
    assert seal_holds(agreement) is True


def test_the_form_is_the_one_that_is_described(session: Session) -> None:
    agreement = filed_agreement(make_scene())
    text = canonical(agreement, agreement.current).decode("utf-8")
    assert text.startswith('{"annexes":{"assessment":')
    assert '"form":"agreement/1"' in text
    assert agreement.pairing.supporting.name in text
    assert seal_of(agreement, agreement.current) == agreement.current.sha256


def test_the_receipt_says_whether_it_still_agrees(client: PageClient) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    client.login(scene.city, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}/receipt")
    assert agreement.current.sha256 in page.text
    assert page.text.count("一致") == 2
    assert "不一致" not in page.text
    one_letter(agreement)
    db.session.flush()
    assert "不一致" in client.get(f"/agreements/{agreement.id}/receipt").text


def test_the_receipt_of_one_that_is_over_stays_readable(client: PageClient) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    ended(agreement, scene)
    client.login(scene.supported_leader, PASSWORD)
    assert client.get(f"/agreements/{agreement.id}/receipt").status == 200


def test_the_operator_checks_all_of_them(app: Flask, session: Session) -> None:
    scene = make_scene()
    filed_agreement(scene)
    second = filed_agreement(scene, scene.foreign)
    session.commit()
    runner = app.test_cli_runner()
    good = runner.invoke(args=["check-agreements"])
    assert (good.exit_code, "2 match" in good.output) == (0, True)
    one_letter(second)
    session.commit()
    bad = runner.invoke(args=["check-agreements"])
    assert bad.exit_code == 1
    assert str(second.filing_number) in bad.output


def test_a_hospital_that_is_renamed_keeps_its_name_in_what_was_signed(client: PageClient) -> None:
    scene = make_scene()
    agreement = filed_agreement(scene)
    before = scene.pairing.supporting.name
    scene.pairing.supporting.name = "更名后的医院"
    db.session.flush()
    assert seal_holds(agreement) is True
    client.login(scene.city, PASSWORD)
    page = client.get(f"/agreements/{agreement.id}/receipt")
    assert before in page.one("p.no-indent").get_text()
    paper = agreement_paper(agreement)
    assert [one.name for one in paper.parties] == [before, agreement.pairing.supported.name]
    assert paper.signatures[0].hospital == before
    assert receipt_paper(agreement).supporting == before
