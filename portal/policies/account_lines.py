"""Reading a pasted list of people who need accounts: name, position, role, perhaps a user name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from portal.models import HOSPITAL_ROLES, Role
from portal.policies.hospital_names import name_key

MOST_LINES = 60
USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,63}")
USERNAME_RULE = "用户名以小写字母开头，由 3 至 64 位小写字母、数字、点、横线组成。"

ROLE_WORDS = {
    **{role.label: role for role in Role if role in HOSPITAL_ROLES},
    "管理员": Role.BASE_COORDINATOR,
    "负责人": Role.BASE_LEADER,
    "分管领导": Role.BASE_LEADER,
    "科室": Role.CONTRIBUTOR,
    "带教师资": Role.CONTRIBUTOR,
    "带教老师": Role.CONTRIBUTOR,
}
"""How lists in hospitals call the three roles (design/domain.md, "Who")."""

HEADINGS = frozenset({"姓名", "职务", "角色", "用户名"})

_SEPARATORS = (re.compile(r"\t"), re.compile(r"[,，;；、|]"), re.compile(r"[ \u3000]+"))


@dataclass
class AccountLine:
    """One person of the list as it was read; ``faults`` keep the list from being issued."""

    number: int
    name: str = ""
    position: str = ""
    role: Role | None = None
    username: str = ""
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_lines(
    text: str, *, prefix: str, taken: Iterable[str], known_names: Iterable[str]
) -> list[AccountLine]:
    """Read ``text`` line by line; blank lines do not count.

    Whoever has no user name gets the next free one that begins with ``prefix``. ``taken`` are
    the user names in use, ``known_names`` the people of the hospital who have an account.
    """
    lines = [_read(number, row) for number, row in filled_rows(text)]
    used = set(taken)
    _check_usernames(lines, used)
    _give_usernames(lines, prefix, used)
    _remark_namesakes(lines, {name_key(name) for name in known_names})
    return lines


def filled_rows(text: str) -> list[tuple[int, str]]:
    """Return (number, row) of the rows that name somebody: no blank ones, no heading."""
    rows = [(number, row) for number, row in enumerate(text.splitlines(), 1) if row.strip()]
    return rows[1:] if rows and _is_heading(rows[0][1]) else rows


def _is_heading(row: str) -> bool:
    """Whether ``row`` is the heading of a table, copied along with it."""
    cells = {re.sub(r"[（(].*", "", cell) for cell in _cells(row)}
    return "姓名" in cells and len(cells & HEADINGS) > 1


def _remark_namesakes(lines: list[AccountLine], known: set[str]) -> None:
    """Say of two people of one name whether the other has an account or is in the list."""
    seen: dict[str, int] = {}
    for line in lines:
        key = name_key(line.name)
        if not key:
            continue
        if key in known:
            line.remarks.append("本单位已有同名的在用账号，请确认不是同一人。")
        if key in seen:
            line.remarks.append(f"与名单第 {seen[key]} 行同名，请确认不是同一人。")
        seen.setdefault(key, line.number)


def _read(number: int, text: str) -> AccountLine:
    """Read one line: columns by tab, else by comma and the like, else by space."""
    line = AccountLine(number)
    cells = _cells(text)
    if len(cells) == 2 and cells[1] in ROLE_WORDS:
        cells.insert(1, "")
    if len(cells) < 3:
        line.name = cells[0][:40]
        line.faults.append("应有三列：姓名、职务、角色。")
        return line
    if len(cells) > 4:
        line.faults.append("列数过多，应为姓名、职务、角色，第四列可填用户名。")
    line.name, line.position, role = cells[:3]
    line.role = ROLE_WORDS.get(role)
    line.username = cells[3].lower() if len(cells) > 3 else ""
    if not line.name or len(line.name) > 40:
        line.faults.append("姓名应为 1 至 40 个字。")
    if len(line.position) > 60:
        line.faults.append("职务最多 60 个字。")
    if line.role is None:
        labels = "、".join(one.label for one in Role if one in HOSPITAL_ROLES)
        line.faults.append(f"不认识角色“{role[:20]}”，应为{labels}之一。")
    return line


def _cells(text: str) -> list[str]:
    """Return the columns of a line."""
    split = (_split(one, text) for one in _SEPARATORS)
    return next((cells for cells in split if len(cells) > 1), [text.strip()])


def _split(separator: re.Pattern[str], text: str) -> list[str]:
    """Return the cells of a line, without blanks at the ends."""
    cells = [cell.strip() for cell in separator.split(text.strip(" \u3000\r\n"))]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _check_usernames(lines: list[AccountLine], taken: set[str]) -> None:
    """Find the user names that are malformed, in use, or in the list twice."""
    seen: set[str] = set()
    for line in lines:
        if not line.username:
            continue
        if not USERNAME.fullmatch(line.username):
            line.faults.append(USERNAME_RULE)
        elif line.username in taken:
            line.faults.append(f"用户名 {line.username} 已被使用。")
        elif line.username in seen:
            line.faults.append(f"用户名 {line.username} 在名单中重复。")
        seen.add(line.username)


def _give_usernames(lines: list[AccountLine], prefix: str, taken: set[str]) -> None:
    """Number those who brought no user name."""
    used = taken | {line.username for line in lines}
    number = 0
    for line in lines:
        if line.username or line.faults:
            continue
        while True:
            number += 1
            line.username = f"{prefix}{number:02d}"
            if line.username not in used:
                break
        used.add(line.username)
