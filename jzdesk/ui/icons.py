"""Icons of `resources/icons`, drawn in the colour that the place needs."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from jzdesk.core.resources import resource
from jzdesk.ui import theme

_SIZES = (16, 20, 24, 32, 48, 64)


@lru_cache(maxsize=256)
def icon(name: str, colour: str = theme.MUTED, selected: str | None = None) -> QIcon:
    """The icon `name` in `colour`; `selected` is its colour when its button is checked. Raises FileNotFoundError."""
    found = QIcon()
    for size in _SIZES:
        found.addPixmap(pixmap(name, size, colour))
        if selected:
            found.addPixmap(pixmap(name, size, selected), QIcon.Mode.Normal, QIcon.State.On)
    return found


def pixmap(name: str, size: int, colour: str = theme.MUTED, ratio: float = 1.0) -> QPixmap:
    """The icon as a picture of `size` logical pixels on a screen with device pixel ratio `ratio`."""
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    _renderer(name, colour).render(painter, QRectF(0, 0, picture.width(), picture.height()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    source = resource("icons", f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    return QSvgRenderer(QByteArray(source.encode()))
