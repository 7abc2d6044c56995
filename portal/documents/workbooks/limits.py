"""How much of a workbook is read, and the sentences that refuse one."""

MAX_BYTES = 10 * 1024 * 1024
"""Largest file taken, in bytes."""
MAX_UNPACKED = 200 * 1024 * 1024
"""Most a file may unpack to, in bytes: a small file that unpacks to gigabytes is an attack."""
MAX_PARTS = 2000
MAX_ROWS = 10_000
"""Most rows with content that a sheet may have."""
MAX_COLUMNS = 60
"""Columns looked at; what stands further to the right is no part of the table."""
MAX_SHEETS = 30
MAX_CELL = 10_000
"""Most characters of a cell that are kept: more than any field takes, so the check says so."""
MAX_TEXT = 30_000_000
"""Most characters that a workbook's cells may hold together."""

SECONDS = 20
"""Of one processor, for one workbook."""
MEMORY = 1024 * 1024 * 1024
"""Address space of the process that reads."""

NOT_CALCULATED = "（公式没有结果）"
"""Stands for a formula whose program saved no value with it."""

EMPTY = "文件是空的，请重新选择。"
TOO_LARGE = f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请删去与任务清单无关的图片和工作表后再上传。"
LOCKED = "文件设有打开密码，请在 WPS 或 Excel 中取消密码、另存后再上传。"
MACROS = "这是带宏的工作簿（.xlsm），请另存为不带宏的 .xlsx 后再上传。"
BINARY = "这是二进制工作簿（.xlsb），请另存为 .xlsx 后再上传。"
OPEN_DOCUMENT = "这是 .ods 表格，请另存为 .xlsx 后再上传。"
WORD = "这是 Word 文档，不是表格。请把表格放进 .xlsx 工作簿后再上传。"
SLIDES = "这是演示文稿，不是表格。请上传 .xlsx、.xls 或 .csv 文件。"
PDF = "这是 PDF 文件，不是表格。请上传 .xlsx、.xls 或 .csv 文件。"
PICTURE = "这是图片，不是表格。请上传 .xlsx、.xls 或 .csv 文件。"
WEB_PAGE = "这是以 .xls 为名的网页表格，请在 WPS 或 Excel 中打开，另存为 .xlsx 后再上传。"
XML_SHEET = "这是 XML 表格，请在 WPS 或 Excel 中打开，另存为 .xlsx 后再上传。"
WRONG_KIND = "只能导入 .xlsx、.xls 或 .csv 表格，请另存为其中一种后再上传。"
UNREADABLE_TEXT = "读不出文件中的文字，请在 WPS 或 Excel 中另存为 .xlsx 后再上传。"
DAMAGED = "文件已损坏，无法读取。请在 WPS 或 Excel 中打开、另存为新的 .xlsx 后再上传。"
BOMB = "文件解压后内容过大，无法导入。请只保留任务清单所在的工作表后再上传。"
TOO_MUCH_WORK = "文件内容过于复杂，没有读完。请只保留任务清单所在的工作表，另存为 .xlsx 后再上传。"


class Unreadable(Exception):
    """Why a file cannot be read, as one sentence that says what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
