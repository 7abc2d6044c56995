"""Importing a pairing table into a programme: all rows or none."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from portal import clock
from portal.errors import Rejected
from portal.extensions import db
from portal.models import Organisation, OrganisationKind, Pairing, Programme, User
from portal.policies.decision import require
from portal.policies.hospital_names import Directory, directory_of, name_key
from portal.policies.pairing_table import (
    CheckedTable,
    Corrections,
    NewHospital,
    PairLine,
    check_table,
)
from portal.policies.programmes import can_manage_programmes
from portal.workflow import record

SHORT_NAME = 40


def load_directory() -> Directory:
    """Return all organisations, to look names up in."""
    return directory_of(db.session.scalars(sa.select(Organisation)))


def pairings_of(programme: Programme) -> list[Pairing]:
    """Return the programme's pairings with their hospitals, in table order."""
    return list(
        db.session.scalars(
            sa.select(Pairing)
            .where(Pairing.programme_id == programme.id)
            .options(joinedload(Pairing.supporting), joinedload(Pairing.supported))
            .order_by(Pairing.sequence)
        )
    )


def preview_table(
    programme: Programme,
    lines: Sequence[PairLine],
    corrections: Corrections | None,
    directory: Directory,
) -> CheckedTable:
    """Return every row with its problems; writes nothing. ``None``: the first look."""
    return check_table(lines, directory, pairings_of(programme), corrections)


def import_table(
    programme: Programme,
    lines: Sequence[PairLine],
    corrections: Corrections | None,
    *,
    actor: User,
) -> list[Pairing]:
    """Add all rows that are not left out as pairings, and the new hospitals among them.

    Checks everything again, because somebody else may have imported since the preview.
    Raises Forbidden, or Rejected({"rows": …}) when a single row has a problem or none is
    left to import; then nothing is written.
    """
    require(can_manage_programmes(actor))
    # Two imports into one programme go one after the other.
    db.session.execute(
        sa.select(Programme.id).where(Programme.id == programme.id).with_for_update(of=Programme)
    )
    directory = load_directory()
    table = preview_table(programme, lines, corrections, directory)
    if table.wrong:
        raise Rejected({"rows": f"还有 {len(table.wrong)} 行有问题，请更正或选择不导入。"})
    if not table.ready:
        raise Rejected({"rows": "没有可以导入的行。"})
    hospitals = {name_key(new.name): _add_hospital(new) for new in table.new_hospitals}
    last = db.session.scalar(
        sa.select(sa.func.max(Pairing.sequence)).where(Pairing.programme_id == programme.id)
    )
    added = []
    for sequence, row in enumerate(table.ready, start=(last or 0) + 1):
        sides = [
            cell.hospital if isinstance(cell.hospital, Organisation) else hospitals[cell.key]
            for cell in row.cells
        ]
        added.append(_add_pairing(programme, sequence, sides[0], sides[1]))
    db.session.flush()
    _record(programme, added, list(hospitals.values()), actor)
    return added


def _add_hospital(new: NewHospital) -> Organisation:
    """Register a hospital the table names for the first time."""
    hospital = Organisation(
        name=new.name,
        short_name=new.name[:SHORT_NAME],
        kind=OrganisationKind.HOSPITAL,
        city=new.city,
    )
    db.session.add(hospital)
    return hospital


def _add_pairing(
    programme: Programme, sequence: int, supporting: Organisation, supported: Organisation
) -> Pairing:
    pairing = Pairing(
        programme=programme,
        sequence=sequence,
        supporting=supporting,
        supported=supported,
        created_at=clock.now(),
    )
    db.session.add(pairing)
    return pairing


def _record(
    programme: Programme, added: Sequence[Pairing], hospitals: Sequence[Organisation], actor: User
) -> None:
    """Tell it in the programme's history and in each pairing's own."""
    details = [("结对", f"{len(added)} 个")]
    if hospitals:
        details.append(("新增医院", "、".join(one.name for one in hospitals)))
    record(
        programme,
        "programme",
        action="pairings_imported",
        title="导入结对名单",
        actor=actor,
        tone="success",
        details=details,
    )
    for pairing in added:
        record(pairing, "pairing", action="created", title="建立结对", actor=actor, tone="accent")
