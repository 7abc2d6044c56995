"""What a new password must be, and what each refusal tells its owner to do."""

import sys

import pytest

from portal import passwords

KNOWN = ["coordinator", "林一川", "文昌市人民医院", "文昌市医院", "Li"]


@pytest.mark.parametrize(
    "password",
    [
        "Xin-de-mima-77",
        "qingche 7 Shanlu",
        "湖边的梧桐Tree9",
        "Ma9-tuoluo.hua",
        "A1" + "山" * 8 + "z",
        "Li-shuibian-Quan4",
        "x9" + "Qk-" * 66,
        "Haikou-qilou-9-dian",
    ],
)
def test_good_password_is_accepted(password: str) -> None:
    assert passwords.weaknesses(password, KNOWN) == []


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "至少 10 位"),
        ("Duan-1", "至少 10 位"),
        ("Ma9-tuolu", "至少 10 位"),
        ("quanbuxiaoxie", "至少三种"),
        ("QUANBUDAXIE1", "至少三种"),
        ("12345678901", "至少三种"),
        ("Coordinator-9", "不能包含用户名"),
        ("9-cOORDINATOR", "不能包含用户名"),
        ("A1-林一川-abcd", "不能包含用户名"),
        ("文昌市医院Abcd12", "不能包含用户名"),
        ("Password@2020", "太常见"),
        ("P@ssw0rd2020", "太常见"),
        ("Qwerty12345!", "太常见"),
        ("Zaq12wsxCDE#", "太常见"),
        ("Abc123456789", "太常见"),
        ("Aa123456789.", "太常见"),
        ("Woaini5201314", "太常见"),
        ("Yiyuan12345", "太常见"),
        ("Bangfu@2020", "太常见"),
        ("Admin@123456", "太常见"),
        ("19900101Aa!", "太常见"),
        ("wenchang2021A!", "太常见"),
        ("WenchangRenmin-2021", "太常见"),
        ("Wcsrmyy@2021", "太常见"),
        ("Qionghai888Ab!", "太常见"),
        ("Woaini1314520!", "太常见"),
        ("Laopo-woaini5201314", "太常见"),
    ],
)
def test_weak_password_is_refused_with_what_to_do(password: str, says: str) -> None:
    found = passwords.weaknesses(password, KNOWN)
    assert any(says in sentence for sentence in found), found
    assert all(sentence.endswith("。") for sentence in found)


def test_every_fault_of_a_password_is_named_at_once() -> None:
    found = passwords.weaknesses("abc", ["abc"])
    assert len(found) == 3


def test_initial_passwords_are_fit_and_differ() -> None:
    made = {passwords.initial_password() for _ in range(100)}
    assert len(made) == 100
    assert [one for one in made if passwords.weaknesses(one, KNOWN)] == []


def test_lists_are_loaded_only_when_a_password_is_judged() -> None:
    """They take memory that a worker does not need to serve pages."""
    import subprocess

    code = (
        "import sys; from portal import create_app;"
        "create_app({'DATABASE_URL': 'sqlite://'});"
        "print([name for name in ('zxcvbn', 'pyotp', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert "zxcvbn" not in done.stdout
    assert "pyotp" not in done.stdout
