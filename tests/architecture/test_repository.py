"""What the repository must never carry: registry addresses, paths outside itself, fonts we may not ship."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from tools.environment import project

ROOT = Path(__file__).resolve().parents[2]
FONTS = sorted((ROOT / "resources" / "fonts").glob("*.ttf"))
# Written with one-letter classes, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    rb"\b(?:pyp[i]\.org|pythonh[o]sted\.org|npm[j]s\.(?:org|com)|npm[m]irror\.com|tuna\.tsing[h]ua"
    rb"|(?:deb|security|ftp)\.deb[i]an\.org|m[i]rrors\.\w+)",
    re.IGNORECASE,
)
OUTSIDE = re.compile(rb"(?:\.\.|/work)/shar[e]d")
LOCKED = re.compile(r'[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; sys_platform == "win32")?')


def tracked() -> Iterator[Path]:
    """Every file that git keeps or is about to keep."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return (ROOT / name for name in names if name and (ROOT / name).is_file())


def mentions(pattern: re.Pattern[bytes]) -> list[str]:
    found = ((path, pattern.search(path.read_bytes())) for path in tracked())
    return [f"{path.relative_to(ROOT)}: {hit.group().decode()}" for path, hit in found if hit]


def test_git_lists_our_files() -> None:
    assert Path(__file__).resolve() in set(tracked())


def test_no_file_names_a_registry() -> None:
    assert mentions(REGISTRIES) == []


def test_no_file_points_outside_the_repository() -> None:
    assert mentions(OUTSIDE) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRIES, b"https://%s.org/simple" % b"pypi"),
        (REGISTRIES, b"files.%s.org" % b"pythonhosted"),
        (REGISTRIES, b"http://deb.%s.org/debian" % b"debian"),
        (OUTSIDE, b"../%s/data" % b"shared"),
    ],
)
def test_what_is_forbidden_would_be_found(pattern: re.Pattern[bytes], text: bytes) -> None:
    assert pattern.search(text)


def test_lock_files_hold_names_and_versions_only() -> None:
    locks = sorted((ROOT / "requirements").iterdir())
    assert [lock.name for lock in locks] == ["dev.lock"]
    lines = [line for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()]
    assert lines
    assert [line for line in lines if not LOCKED.fullmatch(line)] == []


def test_the_lock_covers_every_dependency_of_the_project() -> None:
    text = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")
    locked = {_canonical(line.partition("==")[0]) for line in text.splitlines()}
    assert [name for name in _wanted() if _canonical(name) not in locked] == []


def _wanted() -> list[str]:
    table = project()
    return [_name(requirement) for requirement in (*table["dependencies"], *table["optional-dependencies"]["dev"])]


def _name(requirement: str) -> str:
    return re.split(r"[<>=\[; ]", requirement)[0]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def documents() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md" and path.is_relative_to(ROOT)]


def links(text: str) -> list[str]:
    """Where the links and pictures of a page lead, code left out; addresses elsewhere are not ours to check."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_of_a_page_is_there(page: Path) -> None:
    parts = (link.partition("#")[0] for link in links(page.read_text(encoding="utf-8")))
    assert [part for part in parts if part and not (page.parent / part).exists()] == []


def test_the_index_of_the_manual_names_every_page() -> None:
    manual = ROOT / "docs" / "manual"
    named = set(links((manual / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in manual.glob("*.md")} - {"README.md"} - named == set()


def test_every_picture_of_the_manual_is_shown_and_small() -> None:
    shown = {(page.parent / link).resolve() for page in documents() for link in links(page.read_text(encoding="utf-8"))}
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.png"))
    assert pictures
    assert [path.name for path in pictures if path.resolve() not in shown or path.stat().st_size > 150_000] == []


def test_continuous_integration_only_calls_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "set", "cd"))]
    assert commands == ["make test"]


@pytest.mark.parametrize("path", FONTS, ids=[path.stem for path in FONTS])
def test_a_font_has_truetype_outlines_and_its_licence(path: Path) -> None:
    with TTFont(path, lazy=True) as font:
        assert "glyf" in font
        assert font["OS/2"].fsType == 0  # may be embedded without restriction
    licence = path.with_name(f"{path.stem.partition('-')[0]}-OFL.txt").read_text(encoding="utf-8")
    assert licence.startswith("Copyright")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_the_fonts_are_those_of_the_plan_and_stay_small() -> None:
    assert {path.stem for path in FONTS} >= {
        "LXGWWenKai-Regular", "NotoSerifSC-Regular", "NotoSerifSC-Bold", "NotoSansSC-Regular",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in FONTS) < 30_000_000


def test_the_third_party_table_agrees_with_the_lock() -> None:
    text = (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| ([\w.-]+) \| (\d[\w.]*) \| \S", text, re.MULTILINE)
    lock = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")
    locked = {line.partition(" ;")[0] for line in lock.splitlines()}
    assert [f"{name}=={version}" for name, version in named if f"{name}=={version}" not in locked] == []
    runtime = {_canonical(_name(requirement)) for requirement in project()["dependencies"]}
    assert runtime <= {_canonical(name) for name, _ in named}
