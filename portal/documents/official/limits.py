"""How much may be spent on one paper, how large a template may be, and what is said beyond."""

MEBIBYTE = 1024 * 1024

SECONDS = 40
"""Of one processor, for making one paper; a register of 5,000 lines takes less (performance.md)."""
MEMORY = 2048 * MEBIBYTE
"""Address space of the process that makes it, fonts included."""
SAMPLE_SECONDS = 8
SAMPLE_MEMORY = 1024 * MEBIBYTE
"""The same for the sample that a new template is tried out with: a page or two."""
PAPER = 64 * MEBIBYTE
"""No paper is larger."""

TEMPLATE = 2 * MEBIBYTE
TEMPLATE_PARTS = 300
TEMPLATE_UNPACKED = 24 * MEBIBYTE
TEXT_TEMPLATE = 200_000
"""Bytes of a Typst template."""

TROUBLE = "文书暂时无法生成，请稍后再试。"
BUSY = "系统正在生成其他文书，请稍后再试。"
TOO_MUCH = "文书内容过多，生成超时或内存不足。请改用 Word 格式，或与省中心联系更换模板。"
NO_FONTS = (
    "服务器没有安装中文字体，暂时不能生成 PDF。请下载 Word 格式，"
    "或请系统管理员运行 script/assets.py 取得字体。"
)
TOO_SLOW = "模板没有在规定时间内生成样张，可能有无法结束的循环。"
NOT_MADE = "模板不能生成样张。请对照占位符清单检查后再上传。"
TOO_HUNGRY = "模板生成样张时用尽了内存。"
