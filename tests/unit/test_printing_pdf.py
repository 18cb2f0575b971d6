"""The PDF itself: embedded fonts, text that can be searched, files written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jzdesk.core.errors import StationFault
from jzdesk.printing import page_images
from jzdesk.printing.fonts import Role
from jzdesk.printing.page import A4, OFFICE, STANDARD, Row, blank, office_number, paginate, paragraph
from jzdesk.printing.pdf import Paper, to_unicode, write_whole


def run(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def paper_with(text: str) -> Paper:
    paper = Paper(A4, "试印")
    for number, role in enumerate(Role):
        paper.text(60, 700 - 30 * number, role, 16, text)
    paper.end_page()
    return paper


def test_rare_characters_come_out_of_the_file_as_they_went_in(tmp_path: Path) -> None:
    paper_with("吉𠮷𬭎㛃〇·买买提“引”").save(tmp_path / "a.pdf")
    assert run("pdftotext", tmp_path / "a.pdf", "-").count("吉𠮷𬭎㛃〇·买买提“引”") == len(Role)


def test_more_than_256_different_characters_stay_one_font(tmp_path: Path) -> None:
    paper, text = Paper(A4, "试印"), "".join(chr(0x4E00 + number) for number in range(700))
    for start in range(0, 700, 28):
        paper.text(60, 800 - start, Role.BODY, 12, text[start : start + 28])
    paper.end_page()
    paper.save(tmp_path / "a.pdf")
    assert "".join(run("pdftotext", tmp_path / "a.pdf", "-").split()) == text
    assert run("pdffonts", tmp_path / "a.pdf").count("LXGWWenKai") == 1


def test_every_font_is_embedded_subset_and_has_a_unicode_map(tmp_path: Path) -> None:
    paper_with("帮扶 100％").save(tmp_path / "a.pdf")
    lines = run("pdffonts", tmp_path / "a.pdf").splitlines()[2:]
    assert len(lines) == 4
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in lines)
    assert "Helvetica" not in "".join(lines)


def test_the_file_is_valid(tmp_path: Path) -> None:
    paper_with("帮扶").save(tmp_path / "a.pdf")
    assert "No syntax or stream encoding errors" in run("qpdf", "--check", tmp_path / "a.pdf")


def test_the_same_pages_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        paper_with("帮扶责任书").save(tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_the_unicode_map_has_surrogates_and_blocks_of_at_most_a_hundred() -> None:
    written = to_unicode(["𠮷", *"帮" * 150]).decode()
    assert "<0001> <D842DFB7>" in written
    assert "100 beginbfchar" in written
    assert "51 beginbfchar" in written


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "责任书.pdf"
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StationFault) as caught:
        write_whole(target, b"new")
    assert "磁盘空间" in caught.value.sentence()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_open_elsewhere_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_: Path, __: Path) -> None:
        raise PermissionError(errno.EACCES, "locked")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(StationFault) as caught:
        write_whole(tmp_path / "a.pdf", b"new")
    assert "打开" in caught.value.sentence()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_went_away_with_the_stick_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(StationFault) as caught:
        write_whole(tmp_path / "gone" / "a.pdf", b"new")
    assert "U 盘" in caught.value.sentence()


def test_pages_become_pictures(tmp_path: Path) -> None:
    paper_with("帮扶").save(tmp_path / "a.pdf")
    (picture,) = page_images(tmp_path / "a.pdf", 72)
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) in (595, 596)


def test_a_picture_of_a_page_shows_the_ink_where_it_is(tmp_path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    paper = Paper(A4, "试印")
    paper.fill(100, 642, 100, 100)
    paper.end_page()
    paper.save(tmp_path / "a.pdf")
    with Image.open(BytesIO(page_images(tmp_path / "a.pdf", 72)[0])) as picture:
        assert picture.getpixel((150, 150)) == (0, 0, 0)
        assert picture.getpixel((250, 150)) == (255, 255, 255)


def test_a_damaged_file_gives_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no pdf")
    with pytest.raises(OSError, match="no PDF"):
        page_images(tmp_path / "a.pdf")


def test_the_room_is_light_to_enter() -> None:
    heavy = "import sys, jzdesk.printing; print({'reportlab', 'pypdfium2', 'segno'} & set(sys.modules))"
    assert run(sys.executable, "-c", heavy).strip() == "set()"


def test_the_type_area_is_28_characters_by_22_lines() -> None:
    assert STANDARD.size == pytest.approx(15.79, abs=0.01)
    assert STANDARD.pitch * 22 == pytest.approx(OFFICE.height)
    assert len(paragraph("字" * 54, STANDARD)) == 2
    assert len(paragraph("字" * 55, STANDARD)) == 3


def test_page_numbers_stand_outside_on_odd_and_even_pages(tmp_path: Path) -> None:
    paper = Paper(A4, "试印")
    for number in (1, 2):
        office_number(paper, number)
        paper.end_page()
    paper.save(tmp_path / "a.pdf")
    boxes = [line for line in run("pdftotext", "-bbox", tmp_path / "a.pdf", "-").splitlines() if ">—<" in line]
    odd_end, even_start = float(boxes[1].split('xMax="')[1].split('"')[0]), float(boxes[2].split('"')[1])
    assert odd_end == pytest.approx(OFFICE.left + OFFICE.width - 14, abs=1)
    assert even_start == pytest.approx(OFFICE.left + 14, abs=1)


def test_heads_come_back_and_tied_rows_stay_together() -> None:
    head = blank(10)
    rows = [head, *(Row(10, head=(head,), label=str(number)) for number in range(12))]
    tied = [*rows[:9], Row(10, head=(head,), keep=True, label="signs"), Row(10, label="date")]
    assert [len(page) for page in paginate(rows, 60)] == [6, 6, 3]
    assert [page[0] for page in paginate(rows, 60)] == [head] * 3
    assert paginate(tied, 100)[1][-2].label == "signs"
