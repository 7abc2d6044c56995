"""The demonstration's accounts. Every name is invented."""

import sqlalchemy as sa

from portal import clock, reference_data
from portal.extensions import db
from portal.models import Organisation, Role, User
from portal.passwords import hash_password

PASSWORD = "Bangfu@2020"
"""The password of every demonstration account. Production refuses to start with any of them."""

SHOWN = (
    "shengwei-officer",
    "zhongxin-reviewer",
    "haikou-city",
    "haiyi-coordinator",
    "haiyi-leader",
    "wenchang-coordinator",
    "wenchang-leader",
    "wenchang-secretary",
    "expert-quanke",
    "xitong-admin",
    "anquan-admin",
    "anquan-auditor",
)
"""One account for each role (and both sides), as script/server and the README list them."""


def load_people(organisations: dict[str, Organisation]) -> dict[str, User]:
    """Add an account for every invented person who has a role; return them by user name."""
    hashed = hash_password(PASSWORD)
    for entry in reference_data.load("demo_people")["person"]:
        if not entry["role"]:
            continue
        organisation = organisations.get(entry["organisation"])
        db.session.add(
            User(
                username=entry["username"],
                name=entry["name"],
                position=entry["position"],
                role=Role(entry["role"]),
                organisation=organisation,
                password_hash=hashed,
                must_change_password=False,
                is_demo=True,
                created_at=clock.now(),
            )
        )
    db.session.flush()
    return {user.username: user for user in db.session.scalars(sa.select(User))}


def shown_accounts() -> list[User]:
    """Return the accounts to print, in the order of SHOWN."""
    found = db.session.scalars(sa.select(User).where(User.username.in_(SHOWN), User.is_demo))
    by_name = {user.username: user for user in found}
    return [by_name[name] for name in SHOWN if name in by_name]
