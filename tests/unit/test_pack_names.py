"""Names inside a pack: what every system can unpack, and nothing that leads elsewhere."""

import pytest

from portal.documents.pack_names import FOLDER_BYTES, NAME_BYTES, UniqueNames, safe_name, safe_part


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("任务 A-01 建设全科医学科", "任务 A-01 建设全科医学科"),
        ("../../etc/passwd", "__.._etc_passwd"),
        ("/absolute", "_absolute"),
        ("C:\\Windows\\win.ini", "C_Windows_win.ini"),
        ('a<b>c|d?e*f"g', "a_b_c_d_e_f_g"),
        ("甲\n乙\t丙\x00丁", "甲_乙_丙_丁"),
        ("尾点...", "尾点"),
        (" 空白 ", "空白"),
        (".隐藏", "_隐藏"),
        ("..", "_"),
        ("", "_"),
        ("con", "_con"),
        ("CON.txt", "_CON.txt"),
        ("nul .报告", "_nul .报告"),
        ("com1", "_com1"),
        ("LPT³", "_LPT³"),
        ("conference", "conference"),
        ("fdp\u202eexe", "fdp_exe"),
        ("e\u0301cole", "\u00e9cole"),
        ("坏\ud800代理", "坏_代理"),
    ],
)
def test_name_of_a_folder_is_safe_everywhere(text: str, name: str) -> None:
    assert safe_part(text) == name


@pytest.mark.parametrize("text", ["测" * 300, "a" * 300, "𠮷" * 300, "测a" * 200])
def test_long_name_is_cut_between_characters(text: str) -> None:
    folder, name = safe_part(text), safe_name(text, "原.pdf")
    assert text.startswith(folder)
    assert len(folder.encode()) <= FOLDER_BYTES
    assert len(folder) <= 44
    assert text.startswith(name.removesuffix(".pdf"))
    assert len(name.encode()) <= NAME_BYTES
    assert len(name) <= 80


@pytest.mark.parametrize(
    ("title", "file_name", "name"),
    [
        ("培训制度", "扫描.PDF", "培训制度.pdf"),
        ("培训制度.", "扫描.pdf", "培训制度.pdf"),
        ("nul", "a.docx", "_nul.docx"),
        ("无扩展名", "文件", "无扩展名"),
        ("怪扩展名", "文件.p/df", "怪扩展名"),
        ("怪扩展名", "文件.中文", "怪扩展名"),
    ],
)
def test_file_keeps_the_extension_it_came_with(title: str, file_name: str, name: str) -> None:
    assert safe_name(title, file_name) == name


def test_no_path_is_given_twice_also_where_case_does_not_count() -> None:
    names = UniqueNames()
    given = [
        names.take(("甲",), name)
        for name in (
            "报告.pdf",
            "报告.pdf",
            "报告.PDF",
            "报告 (2).pdf",
            "ａ.pdf",
            "A.pdf",
            "无",
            "无",
        )
    ]
    assert given == [
        "甲/报告.pdf",
        "甲/报告 (2).pdf",
        "甲/报告 (3).PDF",
        "甲/报告 (2) (2).pdf",
        "甲/ａ.pdf",
        "甲/A (2).pdf",
        "甲/无",
        "甲/无 (2)",
    ]
    assert names.take(("乙",), "报告.pdf") == "乙/报告.pdf"
