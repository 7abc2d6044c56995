"""Reading the pairing table from pasted text, xlsx and docx, whatever shape it has."""

import io
import re
import zipfile

import openpyxl
import pytest

from portal import reference_data
from portal.documents import office
from portal.documents.pairing_table import MAX_TEXT, NO_ROWS, read_file, read_text, split_names
from portal.errors import Rejected
from portal.policies.hospital_names import tidy_name
from tests.factories.office import (
    NOTICE_ROWS,
    bomb,
    docx_with,
    package,
    with_part,
    xlsx,
)

NOTICE_PAIRS = [("海口医院", "三亚医院"), ("海口医院", "文昌医院"), ("省立医院", "万宁医院")]


def pairs(table):
    return [(line.supporting, line.supported) for line in table.lines]


def tsv(*rows):
    return "\n".join("\t".join(map(str, row)) for row in rows)


def refusal(action):
    with pytest.raises(Rejected) as caught:
        action()
    return caught.value.fields


def test_notice_table_gives_the_ten_pairs_in_order():
    table = read_text(reference_data.text("notice_2020_pairings.txt"))
    assert len(table.lines) == 10
    assert len({line.supporting for line in table.lines}) == 4
    assert len({line.supported for line in table.lines}) == 10
    assert pairs(table)[0] == ("海南医学院第一附属医院", "三亚中心医院")
    assert pairs(table)[-1] == ("海口市人民医院", "儋州市人民医院")
    assert [line.line for line in table.lines] == [2, 2, 2, 3, 3, 3, 4, 4, 5, 5]


@pytest.mark.parametrize(
    "header",
    [
        ("序号", "培训基地", "对口帮扶基地"),
        ("序号", "帮扶基地", "对口帮扶基地"),
        ("序号", "帮扶单位", "受援单位"),
        ("序号", "对口支援医院", "受援医院名称"),
        ("编号", "牵头基地（全科住培）", "受援基地（助理全科）"),
        ("No.", "帮 扶 方", "受 援 方"),
        ("", "帮扶培训基地", "受援培训基地"),
        ("", "支援医院", "被支援医院"),
        ("序号", "医院（帮扶方）", "医院（受援方）"),
        ("序号", "培训基地*", "结对基地："),
        ("序号", "帮扶\n医院", "帮扶对象"),
    ],
)
def test_header_is_known_in_many_wordings(header):
    assert pairs(read_file(xlsx([header, *NOTICE_ROWS[1:]]))) == NOTICE_PAIRS


@pytest.mark.parametrize(
    "header",
    [
        ("序号", "全科培训基地结对帮扶表", "全科培训基地结对帮扶表"),
        ("序号", "帮扶内容", "帮扶时间"),
        ("序号", "姓名", "电话"),
        ("序号", "培训基地", "城市"),
        ("序号", "帮扶方式", "受援情况"),
        ("序号", "受援单位", "备注"),
    ],
)
def test_other_tables_are_told_apart(header):
    stream = xlsx([header, *NOTICE_ROWS[1:]])
    assert "没有找到结对表的表头" in refusal(lambda: read_file(stream))["file"]


def test_columns_may_stand_in_any_order_between_others():
    rows = [
        ("所在市", "受援医院", "备注", "帮扶医院"),
        ("三亚", "三亚医院", "住培", "海口医院"),
        ("文昌", "文昌医院", "", ""),
        ("万宁", "万宁医院", "帮扶期限三年", "省立医院"),
    ]
    assert pairs(read_file(xlsx(rows))) == NOTICE_PAIRS


def test_titles_above_and_remarks_below_are_passed_over():
    rows = [
        ("附件", "", ""),
        ("全科培训基地结对帮扶表", "", ""),
        (None, None, None),
        *NOTICE_ROWS,
        NOTICE_ROWS[0],
        ("注：对口帮扶时间为3年", "", ""),
        ("填表人：", "", ""),
    ]
    table = read_file(xlsx(rows))
    assert pairs(table) == NOTICE_PAIRS
    assert [line.line for line in table.lines] == [5, 5, 6]


def test_merged_supporting_cell_counts_for_all_its_rows():
    rows = [
        NOTICE_ROWS[0],
        (1, "海口医院", "三亚医院"),
        (None, None, "文昌医院"),
        (2, "省立医院", "万宁医院"),
    ]
    assert pairs(read_file(xlsx(rows, merged=["B2:B3", "A2:A3"]))) == NOTICE_PAIRS


def test_merged_cells_of_a_document_count_for_all_their_rows():
    rows = [
        ("序号", "培训基地", "对口帮扶基地"),
        ("1", "海口医院", "三亚医院"),
        ("", "", "文昌医院"),
        ("2", "省立医院", "万宁医院"),
    ]
    assert pairs(read_file(docx_with(rows, merged=[(1, 1, 2)]))) == NOTICE_PAIRS


def test_document_without_tables_is_read_from_its_tabbed_lines():
    lines = ["附件", "全科培训基地结对帮扶表", *tsv(*NOTICE_ROWS).split("\n")]
    table = read_file(docx_with(paragraphs=lines))
    assert pairs(table) == NOTICE_PAIRS
    assert table.where == "正文"


def test_sheet_whose_header_fits_is_taken():
    cover = [("关于结对的通知",), ("目录", "页码")]
    table = read_file(xlsx(cover, NOTICE_ROWS, titles=["封面", "结对表"]))
    assert pairs(table) == NOTICE_PAIRS
    assert table.where == "工作表“结对表”"


def test_table_whose_header_fits_is_taken():
    table = read_file(docx_with([("姓名", "电话")], [tuple(map(str, r)) for r in NOTICE_ROWS]))
    assert pairs(table) == NOTICE_PAIRS
    assert table.where == "第 2 个表格"


def test_header_without_rows_is_said_plainly():
    assert refusal(lambda: read_file(xlsx(NOTICE_ROWS[:1]))) == {"file": NO_ROWS}
    assert refusal(lambda: read_text("培训基地\t对口帮扶基地\n")) == {"text": NO_ROWS}


@pytest.mark.parametrize(
    "text",
    [
        tsv(*NOTICE_ROWS),
        tsv(*NOTICE_ROWS).replace("\n", "\r\n"),
        '序号\t培训基地\t对口帮扶基地\n1\t海口医院\t"三亚医院\n文昌医院"\n2\t省立医院\t万宁医院',
        "| 序号 | 培训基地 | 对口帮扶基地 |\n|---|---|---|\n| 1 | 海口医院 | 三亚医院，文昌医院 |\n"
        "| 2 | 省立医院 | 万宁医院 |",
        "序号  培训基地  对口帮扶基地\n1   海口医院    三亚医院、文昌医院\n2  省立医院  万宁医院",
        "序号　培训基地　对口帮扶基地\n1　海口医院　三亚医院、文昌医院\n2　省立医院　万宁医院",
        "序号,培训基地,对口帮扶基地\n1,海口医院,三亚医院,文昌医院\n2,省立医院,万宁医院",
        '序号，培训基地，对口帮扶基地\n1，海口医院，"三亚医院，文昌医院"\n2，省立医院，万宁医院',
        "序号 培训基地 对口帮扶基地\n1 海口医院 三亚医院、文昌医院\n2 省立医院 万宁医院",
        "１\t说明\n序号\t培训基地\t对口帮扶基地\n１\t１.海口医院\t（1）三亚医院（2）\n\t\t文昌医院\n"
        "２\t省 立 医 院\t万宁\u3000医院",
    ],
)
def test_pasted_text_is_read_however_its_columns_are_set_apart(text):
    read = [(a, b.replace("（2）", "")) for a, b in pairs(read_text(text))]
    assert read == NOTICE_PAIRS


@pytest.mark.parametrize("separator", ["、", "，", ",", ";", "；", "/", "\n", "、\n", " 、 "])
def test_supported_hospitals_are_split(separator):
    assert split_names(f"三亚医院{separator}文昌医院") == ["三亚医院", "文昌医院"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("三亚中心医院 文昌市人民医院", ["三亚中心医院", "文昌市人民医院"]),
        ("三亚 中心医院", ["三亚中心医院"]),
        (
            "西部中心医院（儋州、洋浦院区）、万宁医院",
            ["西部中心医院（儋州、洋浦院区）", "万宁医院"],
        ),
        ("1、三亚医院、2、文昌医院", ["三亚医院", "文昌医院"]),
        ("1.三亚医院\n2.文昌医院", ["三亚医院", "文昌医院"]),
        ("、，", []),
        ("", []),
    ],
)
def test_cells_are_split_as_people_mean_them(text, names):
    assert split_names(text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("解放军第９２８医院", "解放军第928医院"),
        (" 三亚\u3000中心\u00a0医院\u200b", "三亚中心医院"),
        ("（3）三亚医院", "三亚医院"),
        ("③三亚医院。", "三亚医院"),
        ("928医院", "928医院"),
        ("三亚医院（东院）", "三亚医院（东院）"),
        ("三亚\x00医院", "三亚医院"),
    ],
)
def test_names_are_tidied(text, name):
    assert tidy_name(text) == name


@pytest.mark.parametrize(
    ("rows", "read"),
    [
        ([(1, "", "三亚医院")], [("", "三亚医院")]),
        ([(1, "海口医院", "")], [("海口医院", "")]),
        ([(1, "海口医院", "三亚医院"), (2, "", "")], [("海口医院", "三亚医院"), ("海口医院", "")]),
        ([(1, "海口\n医院", "三亚医院")], [("海口医院", "三亚医院")]),
    ],
)
def test_empty_cells_become_rows_that_can_be_complained_of(rows, read):
    assert pairs(read_file(xlsx([NOTICE_ROWS[0], *rows]))) == read


def test_formula_is_read_as_its_value_and_said_when_it_has_none():
    rows = [NOTICE_ROWS[0], (1, "海口医院", '="三亚"&"医院"')]
    assert pairs(read_file(xlsx(rows))) == [("海口医院", office.NOT_CALCULATED)]
    stream = xlsx([NOTICE_ROWS[0], (1, "海口医院", "占位")])
    with zipfile.ZipFile(stream) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    computed = re.sub(
        r'<c r="C2"[^>]*>.*?</c>',
        '<c r="C2" t="str"><f>"三亚"&amp;"医院"</f><v>三亚医院</v></c>',
        sheet,
    )
    assert computed != sheet
    read = read_file(with_part(stream, "xl/worksheets/sheet1.xml", computed.encode()))
    assert pairs(read) == [("海口医院", "三亚医院")]


def old_format():
    return io.BytesIO(office.OLE + b"\0" * 600)


def locked():
    return io.BytesIO(office.OLE + b"\0" * 600 + office.ENCRYPTED)


def half_a_file():
    return io.BytesIO(xlsx(NOTICE_ROWS).getvalue()[:-200])


def broken_sheet():
    return with_part(xlsx(NOTICE_ROWS), "xl/worksheets/sheet1.xml", b"<worksheet><not closed")


def broken_document():
    return with_part(docx_with([("甲", "乙")]), "word/document.xml", b"<w:document")


def with_entities():
    text = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'
    return with_part(xlsx(NOTICE_ROWS), "xl/workbook.xml", text)


def with_entities_in_utf16():
    text = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><w>&a;</w>'.encode("utf-16")
    return with_part(docx_with([("甲", "乙")]), "word/document.xml", text)


def many_parts():
    parts = {f"xl/media/{number}.bin": b"" for number in range(office.MAX_PARTS)}
    return package({"[Content_Types].xml": b"", "xl/workbook.xml": b"", **parts})


def many_rows():
    rows = [(n, "海口医院", f"{n}号医院") for n in range(office.MAX_ROWS + 1)]
    return xlsx([NOTICE_ROWS[0], *rows])


def many_names():
    return xlsx([NOTICE_ROWS[0], (1, "海口医院", "、".join(f"{n}院" for n in range(3000)))])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: io.BytesIO(b""), office.EMPTY),
        (lambda: io.BytesIO(b"PK" + b"\0" * office.MAX_BYTES), office.TOO_LARGE),
        (old_format, office.OLD_FORMAT),
        (locked, office.LOCKED),
        (lambda: io.BytesIO("培训基地\t对口帮扶基地".encode()), office.WRONG_KIND),
        (lambda: io.BytesIO(b"%PDF-1.7"), office.WRONG_KIND),
        (lambda: package({"readme.txt": b"text"}), office.WRONG_KIND),
        (lambda: package({"xl/workbook.xml": b"<workbook/>"}), office.WRONG_KIND),
        (lambda: io.BytesIO(b"PK\3\4 no archive"), office.DAMAGED),
        (half_a_file, office.DAMAGED),
        (broken_sheet, office.DAMAGED),
        (broken_document, office.DAMAGED),
        (with_entities, office.DAMAGED),
        (with_entities_in_utf16, office.DAMAGED),
        (lambda: bomb(office.MAX_UNPACKED + 1), office.BOMB),
        (many_parts, office.BOMB),
        (many_rows, office.TOO_MANY_ROWS),
        (many_names, office.TOO_MANY_ROWS),
    ],
)
def test_file_that_is_no_table_is_refused_with_its_reason(make, sentence):
    stream = make()
    assert refusal(lambda: read_file(stream)) == {"file": sentence}


def test_far_away_cell_does_not_make_a_sheet_endless():
    book = openpyxl.Workbook()
    sheet = book.active
    for row in NOTICE_ROWS:
        sheet.append(row)
    sheet["A1048576"] = "x"
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    assert pairs(read_file(stream)) == NOTICE_PAIRS


@pytest.mark.parametrize("text", ["", "没有表格", "a\tb\n1\t2", "培训基地", "\x00\t\x00", '"' * 99])
def test_text_without_a_header_is_refused(text):
    assert "没有找到结对表的表头" in refusal(lambda: read_text(text))["text"]


def test_text_beyond_the_limits_is_refused():
    assert "超过 100000 个字" in refusal(lambda: read_text("字" * (MAX_TEXT + 1)))["text"]
    rows = tsv(("培训基地", "受援单位"), *[("甲", "乙")] * office.MAX_ROWS)
    assert refusal(lambda: read_text(rows)) == {"text": office.TOO_MANY_ROWS}
