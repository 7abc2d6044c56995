"""Passwords: hashed with Argon2id, and the rules a new one must keep."""

import re
import secrets
from collections.abc import Iterable

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


def weaknesses(password: str, words: Iterable[str] = ()) -> list[str]:
    """Return why ``password`` will not do, in Chinese; empty if it will (quality.md, Security).

    ``words`` are those that everybody knows of the owner: user name, name, hospital.
    """
    found = []
    if len(password) < MINIMUM_LENGTH:
        found.append(f"密码至少 {MINIMUM_LENGTH} 位，请再加长一些。")
    kinds = (str.islower, str.isupper, str.isdigit)
    present = sum(any(kind(letter) for letter in password) for kind in kinds)
    present += any(not letter.isalnum() for letter in password)
    if present < MINIMUM_KINDS:
        found.append("密码须包含大写字母、小写字母、数字、符号中的至少三种，请补上缺少的种类。")
    known = [word.lower() for word in words if len(word) > (2 if word.isascii() else 1)]
    if any(word in password.lower() for word in known):
        found.append("密码不能包含用户名、姓名或单位名称，请换成与本人和单位无关的内容。")
    if not found and (_is_local_phrase(password) or _is_guessable(password, known)):
        found.append("这个密码太常见，容易被猜到，请换成几个不相关的词，中间夹上数字或符号。")
    return found


def _is_guessable(password: str, known: list[str]) -> bool:
    """Whether ``password`` is made of frequent passwords, names, dates, rows of keys and the like.

    Judged by zxcvbn and its frequency lists, to which the words of this place are added. Loaded
    only here: its lists take time and memory.
    """
    from zxcvbn import zxcvbn

    judged = zxcvbn(password[:JUDGED_LENGTH], user_inputs=[*known, *LOCAL_WORDS])
    return int(judged["guesses_log10"]) < FEWEST_GUESSES


def _is_local_phrase(password: str) -> bool:
    """Whether words of this place, lucky numbers and a year are nearly all of ``password``."""
    rest = _LOCAL.sub("", password.lower())
    return rest != password.lower() and sum(map(str.isalnum, rest)) < OWN_LETTERS


OWN_LETTERS = 5
"""How many letters and digits a password must have beside words that all of us know."""

JUDGED_LENGTH = 72
FEWEST_GUESSES = 8
"""As a power of ten: what zxcvbn calls safe against guessing at a log-in page (score 3)."""

LOCAL_WORDS = (
    *("yiyuan", "hospital", "renmin", "zhongxin", "quanke", "peixun", "jidi", "zhupei"),
    *("bangfu", "jiedui", "weijianwei", "kejiaoke", "keji", "yisheng", "doctor", "zhuren"),
    *("hainan", "haikou", "sanya", "wenchang", "qionghai", "wanning", "danzhou", "dongfang"),
    *("sansha", "wuzhishan", "dingan", "tunchang", "chengmai", "lingao", "baisha", "changjiang"),
    *("ledong", "lingshui", "baoting", "qiongzhong", "rmyy", "zxyy", "wjw", "fuyuan", "yixueyuan"),
    *("mima", "woaini", "zhongguo", "nihao", "admin", "guanliyuan", "changeme", "welcome"),
    *("aini", "baobei", "laopo", "laogong", "xiexie", "jiayou", "pingan", "kuaile", "xingfu"),
)
"""Words of this place, and of everybody, that stand in no list of English passwords."""

_NUMBERS = ("1314", "520", "521", "666+", "888+", "168", "12345?6?7?8?9?0?", r"(19|20)\d\d")
_LOCAL = re.compile("|".join([*sorted(LOCAL_WORDS, key=len, reverse=True), *_NUMBERS]))
