"""What is derived from a file to be shown: a corpus of honest and hostile files, each with its
expected outcome."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from PIL import Image

from portal import storage
from portal.documents.previews import keeping, limits, making, word
from portal.documents.previews.limits import NoPreview
from portal.file_types import ACCEPTED
from portal.models.files import SHOWN_AS
from portal.storage import LocalFileStore
from tests.factories import showing
from tests.factories.evidence import pdf_bytes
from tests.factories.office import bomb

WORD, SHEET, PDF = making.WORD, making.SHEET, making.PDF
TEXT, CSV, ZIP, JPEG, PNG = "text/plain", "text/csv", "application/zip", "image/jpeg", "image/png"


def make(tmp_path: Path, kind: str, variant: str, content: bytes, number: int = 0) -> Any:
    """What the maker returns: pictures as they are, everything else out of its JSON."""
    source = tmp_path / "source"
    source.write_bytes(content)
    made = making.make(kind, variant, number, source)
    return made if made[:2] == b"\xff\xd8" else json.loads(made)


def body(tmp_path: Path, kind: str, content: bytes, number: int = 0) -> Any:
    return make(tmp_path, kind, "body", content, number)


def image(made: bytes) -> Image.Image:
    with Image.open(io.BytesIO(made)) as opened:
        opened.load()
        return opened.copy()


# Every way a file can be unshowable, and the sentence for it.

DAMAGED, LOCKED, TOO_LARGE = limits.DAMAGED, limits.LOCKED, limits.TOO_LARGE
REFUSED = {
    "empty Word": (WORD, "body", b"", DAMAGED),
    "broken Word": (WORD, "body", showing.word("甲")[:-200], DAMAGED),
    "zip that is no Word": (WORD, "body", showing.archive_of("a.txt"), DAMAGED),
    "locked Word": (WORD, "body", showing.locked_package(showing.word("甲")), LOCKED),
    "Word bomb": (WORD, "body", showing.word_bomb, TOO_LARGE),
    "Word with entities": (WORD, "body", showing.ENTITIES, DAMAGED),
    "Word nested 3,000 deep": (WORD, "body", showing.DEEP, DAMAGED),
    "sheet bomb": (SHEET, "body", lambda: bomb(49 * 1024 * 1024).getvalue(), TOO_LARGE),
    "broken sheet": (SHEET, "body", showing.workbook([["甲"]])[:-100], DAMAGED),
    "Word called a sheet": (SHEET, "body", showing.word("甲"), DAMAGED),
    "broken PDF": (PDF, "about", b"%PDF-1.7\nnothing", DAMAGED),
    "broken PDF, drawn": (PDF, "thumbnail", b"%PDF-1.7\nnothing", DAMAGED),
    "locked PDF": (PDF, "about", showing.locked_pdf(), LOCKED),
    "page a PDF lacks": (PDF, "page", pdf_bytes(), DAMAGED),
    "picture bomb": (PNG, "thumbnail", showing.picture_bomb(), TOO_LARGE),
    "picture bomb, asked about": (PNG, "about", showing.picture_bomb(), TOO_LARGE),
    "picture that warns": (PNG, "picture", showing.picture_bomb(12_000), TOO_LARGE),
    "broken picture": (JPEG, "picture", showing.photo()[:200], DAMAGED),
    "TIFF called a JPEG": (JPEG, "picture", showing.drawing("TIFF"), DAMAGED),
    "text of bytes": (TEXT, "body", b"\xff\xfe\xfa\x80\xff", DAMAGED),
    "broken zip": (ZIP, "body", b"PK\x03\x04 nothing", DAMAGED),
    "kind without a maker": ("application/msword", "body", b"x", "这类文件没有可显示的内容"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_file_that_cannot_be_shown_gets_a_sentence(tmp_path: Path, case: str) -> None:
    kind, variant, content, sentence = REFUSED[case]
    content = content() if callable(content) else content
    number = 7 if "lacks" in case else 0
    with pytest.raises(NoPreview) as refusal:
        make(tmp_path, kind, variant, content, number)
    assert refusal.value.sentence.startswith(sentence)


def test_every_accepted_kind_is_shown_or_known_to_be_only_for_download() -> None:
    accepted = {one.media_type for one in ACCEPTED.values()}
    assert set(SHOWN_AS) <= accepted
    assert {kind.rpartition(".")[2] for kind in accepted - set(SHOWN_AS)} == {
        "application/msword",
        "ms-excel",
        "ms-powerpoint",
        "presentation",
    }


# Word


def test_word_document_becomes_plain_html_below_the_heading_of_the_page(tmp_path: Path) -> None:
    content = showing.word(
        "全科医学科 <b>建设</b>", heading="管理办法", picture=showing.photo(place=True)
    )
    html = body(tmp_path, WORD, content)["html"]
    assert "<h2>管理办法</h2>" in html
    assert "全科医学科 &lt;b&gt;建设&lt;/b&gt;" in html
    assert "<td><p>师资</p></td>" in html
    assert html.count('src="data:image/jpeg;base64,') == 1
    assert "<h1" not in html


def test_picture_in_a_document_loses_what_it_carried(tmp_path: Path) -> None:
    import base64

    html = body(tmp_path, WORD, showing.word("甲", picture=showing.photo(place=True)))["html"]
    drawn = base64.b64decode(html.partition("base64,")[2].partition('"')[0])
    assert not image(drawn).getexif()
    assert b"SECRET" not in drawn


@pytest.mark.parametrize(
    ("content", "kept"),
    [(showing.HOSTILE_LINK, "点这里"), (showing.REMOTE_PICTURE, "图后文字")],
    ids=["javascript link and typed script", "picture that lies elsewhere"],
)
def test_hostile_document_keeps_its_words_and_no_address(
    tmp_path: Path, content: bytes, kept: str
) -> None:
    html = body(tmp_path, WORD, content)["html"]
    assert kept in html
    for bad in ("<script", "<img", "<a", "href", "javascript", "onerror=alert(1)>", "http"):
        assert bad not in html


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("<script>alert(1)</script>甲", "甲"),
        ("<style>p{}</style>甲", "甲"),
        ('<p onclick="x()" style="y" class="z" id="i">甲</p>', "<p>甲</p>"),
        ('<a href="https://a.example">甲</a>', "甲"),
        ('<img src="https://a.example/x.png" alt="图">', '<img alt="图">'),
        ('<img src="data:image/svg+xml;base64,AAAA">', "<img>"),
        ('<img src="data:text/html;base64,AAAA">', "<img>"),
        ("<iframe src='/'></iframe><object></object><form><input></form>甲", "甲"),
        ("<svg><script>x</script></svg><math></math>甲", "甲"),
        ("<h1>甲</h1><h2>乙</h2>", "甲<h2>乙</h2>"),
        ('<td colspan="2" bgcolor="red">甲</td>', "甲"),
    ],
)
def test_markup_is_let_through_by_a_list(bad: str, good: str) -> None:
    assert word.harmless(bad) == good
    assert str(word.markup_of(bad)) == good


def test_document_with_very_many_pictures_leaves_the_rest_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word, "WORD_PICTURES", 0)
    html = body(tmp_path, WORD, showing.word("甲", picture=showing.photo()))["html"]
    assert "<img" not in html
    assert word.LEFT_OUT in html


# Sheets, tables, text, archives


def test_workbook_is_shown_sheet_by_sheet_as_values(tmp_path: Path) -> None:
    content = showing.workbook(
        [["姓名", "得分", "合格"], ["<b>甲</b>", 3.0, True], [None, 0.1 + 0.2, None]],
        [["=1+1", '=HYPERLINK("http://a.example","x")']],
        titles=("名单", "公式"),
    )
    first = body(tmp_path, SHEET, content)
    assert first["sheets"] == ["名单", "公式"]
    assert first["rows"] == [["姓名", "得分", "合格"], ["<b>甲</b>", "3", "TRUE"], ["", "0.3", ""]]
    assert first["cut"] is False
    second = body(tmp_path, SHEET, content, 1)
    assert second["at"] == 1
    assert second["rows"] == [["（公式没有结果）", "（公式没有结果）"]]
    assert body(tmp_path, SHEET, content, 30)["at"] == 1


@pytest.mark.parametrize(
    ("rows", "columns", "cut"), [(200, 50, False), (201, 3, True), (3, 51, True)]
)
def test_large_sheet_is_cut_and_says_so(tmp_path: Path, rows: int, columns: int, cut: bool) -> None:
    content = showing.workbook([["数"] * columns for _ in range(rows)])
    shown = body(tmp_path, SHEET, content)
    assert (len(shown["rows"]), len(shown["rows"][0])) == (min(rows, 200), min(columns, 50))
    assert shown["cut"] is cut


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_is_read_in_the_encodings_people_use(tmp_path: Path, encoding: str) -> None:
    content = "海南省\r\n全科医师 𠮷\n".encode(encoding)
    assert body(tmp_path, TEXT, content) == {"text": "海南省\n全科医师 𠮷\n", "cut": False}
    table = body(tmp_path, CSV, '姓名,单位\n甲,"一,二"\n'.encode(encoding))
    assert table == {"rows": [["姓名", "单位"], ["甲", "一,二"]], "cut": False}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_long_text_is_cut_between_characters(tmp_path: Path, encoding: str) -> None:
    shown = body(tmp_path, TEXT, ("a" + "测" * limits.TEXT_BYTES).encode(encoding))
    assert shown["cut"] is True
    assert set(shown["text"]) == {"a", "测"}


@pytest.mark.parametrize(
    ("content", "rows", "cut"),
    [
        (b"a;b\nc;d", [["a", "b"], ["c", "d"]], False),
        (b"a\tb\n", [["a", "b"]], False),
        (b"x\n" * 201, [["x"]] * 200, True),
        (b",".join([b"x"] * 51), [["x"] * 50], True),
    ],
    ids=["semicolons", "tabs", "many rows", "many columns"],
)
def test_csv_is_split_and_cut(
    tmp_path: Path, content: bytes, rows: list[list[str]], cut: bool
) -> None:
    assert body(tmp_path, CSV, content) == {"rows": rows, "cut": cut}


def test_archive_shows_its_names_as_whoever_packed_it_saw_them(tmp_path: Path) -> None:
    modern = body(tmp_path, ZIP, showing.archive_of("材料/说明.txt", "材料/名单.txt"))
    assert [name for name, _ in modern["names"]] == ["材料/说明.txt", "材料/名单.txt"]
    assert modern["total"] == 2
    old = body(tmp_path, ZIP, showing.archive_of("说明.txt", old_windows=True))
    assert old["names"][0][0].startswith("说明.txt")


# Pictures and PDF


def test_picture_is_turned_upright_and_carries_nothing_else(tmp_path: Path) -> None:
    original = showing.photo(orientation=showing.TURNED, place=True)
    made = make(tmp_path, JPEG, "picture", original)
    drawn = image(made)
    assert drawn.size == (32, 64)
    red, blue = drawn.getpixel((16, 8)), drawn.getpixel((16, 56))
    assert red[0] > 180 > red[2]
    assert blue[2] > 120 > blue[0]
    assert not drawn.getexif()
    assert set(drawn.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for left in (b"Exif", b"SECRET", b"GPS", b"http://ns.adobe.com"):
        assert left in original or left in (b"GPS", b"http://ns.adobe.com")
        assert left not in made


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (showing.photo(place=True), True),
        (showing.photo(), False),
        (showing.drawing("PNG"), False),
    ],
)
def test_original_is_asked_whether_it_says_where_it_was_taken(
    tmp_path: Path, content: bytes, place: bool
) -> None:
    kind = JPEG if content.startswith(b"\xff\xd8") else PNG
    assert make(tmp_path, kind, "about", content) == {"place": place}


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "LA"), ("PNG", "1"), ("GIF", "RGB"), ("WEBP", "RGBA")],
)
def test_pictures_of_every_kind_are_drawn_on_white(tmp_path: Path, kind: str, mode: str) -> None:
    drawn = image(make(tmp_path, f"image/{kind.lower()}", "picture", showing.drawing(kind, mode)))
    assert (drawn.mode, drawn.size) == ("RGB", (40, 30))
    if mode in ("RGBA", "LA"):
        assert min(drawn.getpixel((2, 15))) > 250


@pytest.mark.parametrize(("variant", "longest"), [("picture", 2000), ("thumbnail", 320)])
def test_large_picture_is_scaled_and_a_small_one_is_not(
    tmp_path: Path, variant: str, longest: int
) -> None:
    large = make(tmp_path, JPEG, variant, showing.photo(size=(4000, 1000)))
    assert image(large).size == (longest, longest // 4)
    assert image(make(tmp_path, JPEG, variant, showing.photo())).size == (64, 32)


def test_pdf_is_counted_and_drawn_page_by_page(tmp_path: Path) -> None:
    content = showing.pages(3)
    assert make(tmp_path, PDF, "about", content) == {"pages": 3}
    assert image(make(tmp_path, PDF, "thumbnail", content)).size == (320, 320)
    assert max(image(make(tmp_path, PDF, "page", content, 2)).size) == 1400


def test_page_as_large_as_a_field_is_drawn_in_the_size_we_give_it(tmp_path: Path) -> None:
    assert max(image(make(tmp_path, PDF, "thumbnail", showing.pages(1, side=14_000))).size) <= 320


# What is kept


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """An empty store and an empty folder for derived files, for one test."""
    store, limit, folder = storage._store, storage.upload_limit(), keeping._folder
    storage.use(LocalFileStore(tmp_path / "files"), upload_limit=limit)
    keeping.use(tmp_path / "cache")
    yield tmp_path / "cache"
    keeping._folder = folder
    if store is not None:
        storage.use(store, upload_limit=limit)


def saved(content: bytes) -> str:
    return storage.store().save(io.BytesIO(content)).sha256


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_derived_file_is_made_once_and_again_when_it_was_removed(kept: Path) -> None:
    import shutil

    sha256 = saved(showing.photo())
    made = keeping.derived(sha256, JPEG, "thumbnail")
    assert files_in(kept) == ["thumbnail-0"]
    storage.store().delete(sha256)
    assert keeping.derived(sha256, JPEG, "thumbnail") == made
    shutil.rmtree(kept)
    with pytest.raises(NoPreview, match="找不到"):
        keeping.derived(sha256, JPEG, "thumbnail")
    assert files_in(kept) == []
    saved(showing.photo())
    assert keeping.derived(sha256, JPEG, "thumbnail") == made


def test_heavy_work_is_done_in_a_process_of_its_own(kept: Path) -> None:
    sha256 = saved(showing.word("甲"))
    assert b"\xe7\x94\xb2" in keeping.derived(sha256, WORD, "body")
    assert files_in(kept) == ["body-0"]


def test_refusal_of_that_process_is_told_and_kept(kept: Path) -> None:
    sha256 = saved(showing.word_bomb())
    for _ in range(2):
        with pytest.raises(NoPreview) as refusal:
            keeping.derived(sha256, WORD, "body")
        assert refusal.value.sentence == TOO_LARGE
    assert files_in(kept) == ["body-0.no"]


def test_document_that_wants_too_much_memory_ends_its_process_only(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A big table: within every limit of size, but more work than is allowed here.
    rows = "<w:tr><w:tc><w:p><w:r><w:t>格</w:t></w:r></w:p></w:tc></w:tr>" * 5_000
    sha256 = saved(showing.word_with_body(f"<w:tbl>{rows}</w:tbl>"))
    program = (
        "from portal.documents.previews import making; import sys;"
        "making.MEMORY = 90 * 1024 * 1024; sys.exit(making.main(sys.argv[1:]))"
    )
    root = str(Path(__file__).resolve().parents[2])
    start = f"import sys; sys.path.insert(0, {root!r}); {program}"
    monkeypatch.setattr(keeping, "PROGRAM", [sys.executable, "-c", start])
    with pytest.raises(NoPreview):
        keeping.derived(sha256, WORD, "body")
    monkeypatch.undo()
    assert files_in(kept) == ["body-0.no"]


def test_busy_server_asks_to_come_back_and_remembers_nothing(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 0)
    sha256 = saved(showing.photo())
    taken = [keeping.AT_ONCE.acquire(blocking=False) for _ in range(2)]
    try:
        with pytest.raises(NoPreview) as refusal:
            keeping.derived(sha256, JPEG, "thumbnail")
        assert refusal.value.sentence == limits.BUSY
    finally:
        for _ in filter(None, taken):
            keeping.AT_ONCE.release()
    assert keeping.derived(sha256, JPEG, "thumbnail")


ENDS = {
    # how the process ends: what is said, and whether that is kept
    "too much work": ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", True),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", False),
    "full disk": ("raise OSError(28, 'No space left on device')", False),
    "too slow": ("import time; time.sleep(5)", False),
}


@pytest.mark.parametrize("case", ENDS)
def test_only_what_the_file_is_to_blame_for_is_kept(
    kept: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    program, lasting = ENDS[case]
    sha256 = saved(showing.word("甲"))
    monkeypatch.setattr(keeping, "PROGRAM", [sys.executable, "-c", program])
    if case == "too slow":
        monkeypatch.setattr(keeping, "SECONDS", 0.1)
    with pytest.raises(NoPreview) as refusal:
        keeping.derived(sha256, WORD, "body")
    assert refusal.value.lasting is lasting
    assert files_in(kept) == (["body-0.no"] if lasting else [])
    monkeypatch.undo()
    if not lasting:
        assert keeping.derived(sha256, WORD, "body")


def test_what_nobody_looked_at_is_tidied_away(kept: Path) -> None:
    old, used = saved(showing.photo(mark=10)), saved(showing.photo(mark=90))
    for sha256 in (old, used):
        keeping.derived(sha256, JPEG, "thumbnail")
    (kept / "tmpleft").mkdir()
    (kept / "tmpleft" / "made").write_bytes(b"half")
    for path in kept.rglob("*"):
        os.utime(path, (0, 0))
    keeping.derived(used, JPEG, "thumbnail")
    assert keeping.tidy(60) == 2
    assert [path.parent.name for path in kept.rglob("*") if path.is_file()] == [used]
    assert keeping.derived(old, JPEG, "thumbnail")


class Elsewhere(LocalFileStore):
    """A store whose files are no files of this machine; counts how often one is fetched."""

    fetched = 0

    def path(self, sha256: str) -> None:  # type: ignore[override]
        return None

    def exists(self, sha256: str) -> bool:
        return super().path(sha256).is_file()

    def open(self, sha256: str, start: int = 0) -> BinaryIO:
        self.fetched += 1
        return super().path(sha256).open("rb")


def test_pages_of_a_document_kept_elsewhere_are_drawn_from_one_copy(
    kept: Path, tmp_path: Path
) -> None:
    sha256 = saved(showing.pages(3))
    store = Elsewhere(tmp_path / "files")
    storage.use(store, upload_limit=storage.upload_limit())
    for number in range(3):
        assert keeping.derived(sha256, PDF, "page", number)
    assert store.fetched == 1
    for path in (kept / "copies").iterdir():
        os.utime(path, (0, 0))
    keeping.tidy(60)
    assert list((kept / "copies").iterdir()) == []
