"""What a browser calls itself, said as its owner would."""

SYSTEMS = (
    *(("HarmonyOS", "鸿蒙设备"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "安卓手机")),
    *(("Windows", "Windows 电脑"), ("Mac OS X", "苹果电脑"), ("Linux", "Linux 电脑")),
)
# The more special first: most of them call themselves Chrome and Safari as well.
BROWSERS = (
    *(("MicroMessenger", "微信"), ("DingTalk", "钉钉"), ("QQBrowser", "QQ 浏览器")),
    *(("QIHU", "360 浏览器"), ("360SE", "360 浏览器"), ("360EE", "360 浏览器")),
    *(("HuaweiBrowser", "华为浏览器"), ("MiuiBrowser", "小米浏览器"), ("UCBrowser", "UC 浏览器")),
    *(("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")),
)


def device_name(agent: str) -> str:
    """Return e.g. ``Windows 电脑 · Edge`` for a User-Agent; what is not known is left out."""
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    return " · ".join(filter(None, (system, browser))) or "未知设备"
