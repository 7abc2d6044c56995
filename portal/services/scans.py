"""What the virus scanner's answer means: before a file is kept, and for those that wait."""

from typing import BinaryIO

from portal import scanner
from portal.errors import Rejected
from portal.models import ScanState

FIELD = "file"


def admit(name: str, stream: BinaryIO) -> ScanState:
    """Ask the scanner about an upload called ``name`` before it is kept.

    Returns the state to keep it with: NOT_SCANNED, CLEAN, or WAITING while the scanner is down
    (it is kept, but cannot be opened and does not count). Raises Rejected for an infected
    file, and for one larger than the scanner looks at: it would wait for ever.
    """
    try:
        state = scanner.scan(stream)
    except scanner.TooLargeToScan as error:
        raise Rejected(
            {
                FIELD: f"“{name}”超过了查毒程序能检查的大小，未能确认无毒，没有保存。"
                "请压缩或拆分后再上传，或请系统管理员调大查毒程序的上限。"
            }
        ) from error
    if state is ScanState.INFECTED:
        raise Rejected(
            {FIELD: f"“{name}”查出病毒，没有保存。请在本机查杀病毒后，换一份干净的文件再上传。"}
        )
    return state
