"""How much of a file is shown, how much may be spent on it, and what is said beyond that."""

from portal.file_types import MOST_PIXELS as MOST_PIXELS

MEBIBYTE = 1024 * 1024

PICTURE_PIXELS = 2000
"""Longest side of a picture shown large."""
THUMBNAIL_PIXELS = 320
"""Longest side of a thumbnail."""
LIGHT_PIXELS = 12_000_000
"""Up to here a picture is decoded in the server's own process."""

ROWS, COLUMNS, CELL = 200, 50, 500
"""What is shown of a table: rows, columns, characters of a cell."""
SHEETS = 40
TEXT_BYTES = 400_000
NAMES = 500
PAGES = 300

PARTS = 3000
UNPACKED = 120 * MEBIBYTE
WORD_XML = 16 * MEBIBYTE
SHEET_XML = 48 * MEBIBYTE
WORD_PICTURES = 60
WORD_PICTURE_BYTES = 20 * MEBIBYTE
WORD_HTML = 12 * MEBIBYTE

SECONDS = 20
"""Of one processor, for making one preview."""
MEMORY = 1536 * MEBIBYTE
"""Address space of the process that makes it."""

DAMAGED = "文件可能已损坏，无法在页面内显示。请下载后用相应软件打开；打不开时请上传人重新上传。"
LOCKED = "文件设有打开密码，无法在页面内显示。请下载后输入密码查看。"
TOO_LARGE = "文件内容较多，无法在页面内显示，请下载后查看。"
TOO_MUCH_WORK = "文件结构过于复杂，无法在页面内显示，请下载后查看。"
BUSY = "系统正在为其他文件生成预览，请稍后刷新本页。"
TROUBLE = "预览暂时无法生成，请稍后刷新本页，也可以下载后查看。"
ABSENT = "文件库中暂时找不到这个文件，请与系统管理员联系。"
NO_KIND = "这类文件不能在页面内显示，请下载后查看。"


class NoPreview(Exception):
    """It cannot be shown in the page; ``sentence`` says why and what to do.

    ``lasting`` is False where it may work a moment later.
    """

    def __init__(self, sentence: str, *, lasting: bool = True) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.lasting = lasting
