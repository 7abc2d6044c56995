"""``flask check-agreements``: whether what was filed still has the hash of its receipt."""

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from portal.extensions import db


@click.command("check-agreements")
@with_appcontext
def check_agreements() -> None:
    """Take the hash of every filed agreement again (docs/agreements.md); fail if one differs."""
    from portal.models import Agreement
    from portal.policies.agreement_seal import seal_holds

    filed = sa.select(Agreement).where(Agreement.filed_at.is_not(None)).order_by(Agreement.id)
    tally = {True: 0, False: 0, None: 0}
    for agreement in db.session.scalars(filed):
        holds = seal_holds(agreement)
        tally[holds] += 1
        if holds is False:
            click.echo(f"{agreement.filing_number}: does not match its receipt.", err=True)
    click.echo(f"{tally[True]} match, {tally[None]} were filed before hashes were taken.")
    if tally[False]:
        raise click.ClickException(f"{tally[False]} do not match.")
