"""QR codes, drawn as squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper


def draw_qr(paper: Paper, text: str, x: float, y: float, side: float) -> None:
    """A QR code of `side` points with its lower left corner at (x, y); it survives a fold or a stamp."""
    import segno

    code = segno.make(text, error="m", micro=False)
    matrix = [list(row) for row in code.matrix]
    step = side / len(matrix)
    for down, row in enumerate(matrix, 1):
        for across, dark in enumerate(row):
            if dark:
                paper.fill(x + across * step, y + side - down * step, step, step)
