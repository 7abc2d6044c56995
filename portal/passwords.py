"""Passwords: hashed with Argon2id, and the rules a new one must keep."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MINIMUM_LENGTH = 10
MINIMUM_KINDS = 3

# Cheap enough for a test that logs in; never used outside tests.
_COSTS = {
    "production": PasswordHasher(),
    "test": PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
}
_hasher = _COSTS["production"]


def use_cost(name: str) -> None:
    """Choose how expensive hashing is: ``production`` or ``test``."""
    global _hasher
    _hasher = _COSTS[name]


def hash_password(password: str) -> str:
    """Return the Argon2id hash of ``password``."""
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Return whether ``password`` belongs to the hash ``stored``."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def spend_time(password: str) -> None:
    """Hash for nothing, so that an unknown user name takes as long as a wrong password."""
    _hasher.hash(password)


def nobodys_hash() -> str:
    """Return the hash of a password that nobody knows, for an account that has none yet."""
    return hash_password(secrets.token_urlsafe(32))


def initial_password() -> str:
    """Return a random password to hand over on paper: no letters that look like digits.

    Three groups of four, each kind present by its place: about 65 bits of chance.
    """
    kinds = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789")
    anything = "".join(kinds)
    first = [secrets.choice(kind) for kind in kinds]
    letters = [*first, *(secrets.choice(anything) for _ in range(9))]
    return "-".join("".join(letters[at : at + 4]) for at in (0, 4, 8))


def weaknesses(password: str, username: str) -> list[str]:
    """Return why ``password`` will not do, in Chinese; empty if it will (quality.md, Security)."""
    found = []
    if len(password) < MINIMUM_LENGTH:
        found.append(f"密码至少 {MINIMUM_LENGTH} 位。")
    kinds = (str.islower, str.isupper, str.isdigit)
    present = sum(any(kind(letter) for letter in password) for kind in kinds)
    present += any(not letter.isalnum() for letter in password)
    if present < MINIMUM_KINDS:
        found.append("密码须包含大写字母、小写字母、数字、符号中的至少三种。")
    if username and username.lower() in password.lower():
        found.append("密码不能包含用户名。")
    if password.lower().strip("!@#.0123456789") in COMMON_STEMS:
        found.append("这个密码太常见，请换一个。")
    return found


COMMON_STEMS = frozenset(
    {"", "password", "passw0rd", "p@ssw0rd", "admin", "administrator", "qwerty", "qwertyuiop"}
    | {"abc", "abcd", "iloveyou", "welcome", "letmein", "woaini", "a", "aa", "qwer", "asdf"}
    | {"changeme", "hospital", "yiyuan", "hainan", "root", "test", "guest", "user", "master"}
)
