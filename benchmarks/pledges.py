"""Pledge pages against a PDF canvas that only draws.

Limit: reportlab's canvas with rl_accel drawing 22 lines of 28 characters on each page in one embedded font, no layout
at all (1,839 pages/s on the machine of the goals). Product: `write_pledges`, 1,000 pledges of different pupils in one
file: line breaking, tables, fonts by character. Goal: at least half as fast.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Measured, Row, Scale, in_turns, seconds
from jzdesk.core.resources import resource
from jzdesk.printing.pledge import PledgePupil, PledgeSheet, write_pledges
from tests.factories.people import name_of

_LINE = "为压实帮扶责任一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子"
_FONT = "bare canvas"


def sheets(count: int) -> list[PledgeSheet]:
    """Teacher–student pledges, each with a pupil and a teacher of its own."""
    return [
        PledgeSheet(
            number=f"青石小帮责〔2025〕{n}号", year="2025-2026", party_a="青石镇中心小学", person_a="陈建国",
            party_b="", person_b=f"{name_of(n * 31)}（语文教师）", begins="2025-09-01", ends="2026-08-31",
            pupils=(PledgePupil(name_of(n), "四年级", "（2）班"),),
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


def measure(scale: Scale) -> Measured:
    """Pages a second."""
    count = scale.pick(1000, 20)
    made = sheets(count)
    path = scale.folder / "pledges.pdf"
    _register()
    write_pledges(path, made[:1])  # fonts are registered once a process
    limit, product = in_turns(
        scale.runs,
        lambda: count / seconds(lambda: bare(scale.folder / "bare.pdf", count)),
        lambda: count / seconds(lambda: write_pledges(path, made)),
    )
    return Measured(limit, product)


def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    pdfmetrics.registerFont(TTFont(_FONT, str(resource("fonts", "LXGWWenKai-Regular.ttf"))))


def bare(path: Path, pages: int) -> None:
    """The canvas alone."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pageCompression=1)
    for _ in range(pages):
        canvas.setFont(_FONT, 15.79)
        for line in range(22):
            canvas.drawString(79, 700 - 29 * line, _LINE)
        canvas.showPage()
    canvas.save()


ROW = Row("pledges", "1,000 pledge pages in one PDF", "pages/s", 0.5, True, measure)
