"""Numbers of people: what is one, what only looks like one, and what is shown of it."""

import pytest

from portal.personal_data import find

ID = "11010519491231002X"
"""The example of GB 11643-1999: nobody's."""


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("电话13812345678转", ["138****5678"]),
        ("张医生 138-1234-5678、139 1234 5678", ["138****5678", "139****5678"]),
        ("+86 13812345678 与 8613912345678", ["138****5678", "139****5678"]),
        ("008613712345678", ["137****5678"]),
        ("１３８１２３４５６７８", ["138****5678"]),
        ("tel:13812345678, 13812345678", ["138****5678"]),
        ("名册_13812345678.xlsx", ["138****5678"]),
        ("12812345678", []),
        ("1381234567", []),
        ("138123456789", []),
        ("0898-12345678", []),
        ("mmexport1615789012345.jpg", []),
        ("哈希 a13812345678b", []),
        ("3.13812345678", []),
        ("", []),
    ],
)  # fmt: skip
def test_mobile_numbers_are_found_and_masked(text: str, phones: list[str]) -> None:
    found = find(text)
    assert sorted(found.phones) == phones
    assert not found.ids
    assert bool(found) == bool(phones)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"身份证{ID}。", ["110***********002X"]),
        (ID.lower(), ["110***********002X"]),
        (f"{ID} {ID}", ["110***********002X"]),
        ("110105194912310021", []),
        ("11010519491331002X", []),
        (f"9{ID}", []),
        ("2021031509300012345678", []),
    ],
)
def test_id_numbers_are_found_by_their_check_character(text: str, ids: list[str]) -> None:
    assert sorted(find(text).ids) == ids


def test_counts_and_examples_are_said_in_words() -> None:
    found = find(f"{ID} 13812345678 13912345678 13712345678")
    assert found.counts == "身份证号 1 处、手机号 3 处"
    assert found.examples == "110***********002X、137****5678、138****5678等"
    assert find("无").counts == ""
