"""The project installs the same way everywhere, and nothing of the maker's machine is in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-assets.lock")
# Written in pieces, so that this file does not hold what it looks for.
REGISTRY_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "npm" + "mirror.com")
MACHINE_PATHS = tuple(f"/{name}/" for name in ("work", "root", "home", "Users"))
GENERATED = {
    ".venv",
    "node_modules",
    "instance",
    "vendor",
    ".vendor",
    "fonts",
    "__pycache__",
    ".git",
}


def project_files() -> list[Path]:
    """The committed files and those that would be; without git, all but what programs make."""
    if shutil.which("git") and (ROOT / ".git").exists():
        # As root in another user's folder git refuses to work unless it is told to trust it.
        listing = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
            + ["--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        paths = [ROOT / name for name in listing.stdout.split("\0") if name]
        return [path for path in paths if path.is_file()]
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not GENERATED.intersection(path.relative_to(ROOT).parts)
        if not any(part.endswith("_cache") for part in path.parts)
    ]


def texts() -> list[tuple[str, str]]:
    return [
        (path.relative_to(ROOT).as_posix(), path.read_bytes().decode("utf-8", "ignore"))
        for path in project_files()
    ]


def requirements(lock: str) -> dict[str, str]:
    """Each pinned requirement with everything up to the next one."""
    parts = re.split(r"^(?=\w)", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return {part.split(maxsplit=1)[0]: part for part in parts if part.strip()}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_no_address(lock: str) -> None:
    assert not re.findall(r".*(?:https?:|file:|--index|--find-links).*", (ROOT / lock).read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_every_requirement(lock: str) -> None:
    pinned = requirements(lock)
    assert pinned
    assert [name for name, part in pinned.items() if "--hash=sha256:" not in part] == []
    assert [name for name in pinned if "==" not in name] == []


def test_development_lock_holds_every_line_of_the_one_for_running() -> None:
    """script/environment.sh installs only the larger one where both are wanted."""
    assert set(requirements("requirements.lock")) <= set(requirements("requirements-dev.lock"))


def test_npm_lock_names_no_registry_and_hashes_every_package() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: entry for name, entry in packages.items() if name}
    assert "node_modules/htmx.org" in installed
    assert [name for name, entry in installed.items() if "resolved" in entry] == []
    assert [name for name, entry in installed.items() if "integrity" not in entry] == []
    assert installed["node_modules/htmx.org"]["version"].startswith("2.")


@pytest.mark.parametrize("word", REGISTRY_HOSTS)
def test_no_file_names_a_registry(word: str) -> None:
    assert [name for name, text in texts() if word in text] == []


@pytest.mark.parametrize("word", MACHINE_PATHS)
def test_no_file_names_a_folder_of_the_machine_it_was_made_on(word: str) -> None:
    # As part of a longer path the word is harmless: /api/work/3.
    pattern = re.compile(rf"(?<![\w.{{}}<>)/-]){re.escape(word)}\w")
    assert [name for name, text in texts() if pattern.search(text)] == []


def test_scripts_can_be_executed() -> None:
    scripts = [*(ROOT / "script").iterdir(), ROOT / ".ci" / "run"]
    programs = [p for p in scripts if p.is_file() and p.read_bytes().startswith(b"#!")]
    assert len(programs) >= 6
    assert [p.name for p in programs if not os.access(p, os.X_OK)] == []


def test_no_third_party_file_is_tracked() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in project_files()]
    folders = (
        "portal/static/vendor/",
        "portal/documents/fonts/",
        "tests/.vendor/",
        "node_modules/",
    )
    folders = (*folders, ".venv/")
    assert [name for name in names if name.startswith(folders)] == []


def test_fonts_of_papers_came_whole_with_their_licence() -> None:
    fonts = ROOT / "portal" / "documents" / "fonts"
    if not any(fonts.glob("*.ttf")):
        pytest.skip("script/assets.py has not fetched the fonts")
    names = {path.name for path in fonts.iterdir()}
    assert {"NotoSerifSC_400Regular.ttf", "NotoSerifSC_700Bold.ttf"} <= names
    assert {"NotoSansSC_500Medium.ttf", "LICENSE_NotoSerifSC", "LICENSE_NotoSansSC"} <= names
    for path in fonts.glob("*.ttf"):
        assert path.read_bytes()[:4] == b"\0\1\0\0", path.name
        assert path.stat().st_size > 5_000_000, path.name
    for path in fonts.glob("LICENSE_*"):
        assert "SIL OPEN FONT LICENSE" in path.read_text(encoding="utf-8").upper()


def test_every_icon_of_the_list_is_in_the_sprite() -> None:
    sprite = ROOT / "portal" / "static" / "vendor" / "icons.svg"
    if not sprite.is_file():
        pytest.skip("script/assets.py has not fetched the icons")
    names = (ROOT / "portal" / "static" / "icons.txt").read_text().split()
    assert names == sorted(set(names))
    assert re.findall(r'<symbol id="([^"]+)"', sprite.read_text()) == names
