"""The look of the window: colours, fonts, and a short style sheet computed from the size of the text."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QTranslator
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from jzdesk.core.resources import resource

NAVIGATION = "#1b3530"
NAVIGATION_TEXT = "#cfded8"
NAVIGATION_KEY = "#7d978d"
NAVIGATION_HERE = "#27524a"
NAVIGATION_MARK = "#6fd0b3"
PAGE = "#f3f6f4"
CARD = "#ffffff"
LINE = "#dbe3df"
FIELD_LINE = "#c6d1cc"
TEXT = "#1c2623"
MUTED = "#5d6b66"
ACCENT = "#1f6e5c"
ACCENT_DARK = "#195a4b"
ACCENT_SOFT = "#d6e7e0"
ACCENT_FAINT = "#e9f3ef"
WRONG = "#b3261e"
WRONG_SOFT = "#fdf0ee"
LOOK = "#8f5b00"
LOOK_SOFT = "#fff5de"
GOOD = "#2c6e3f"
GOOD_SOFT = "#e9f5ec"

BASE_POINTS = 10.5
_CHINESE = (
    "Microsoft YaHei UI",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "PingFang SC",
    "WenQuanYi Micro Hei",
)
_RARE = "LXGW WenKai"


def apply(app: QApplication, percent: int = 100) -> None:
    """Dress the application: Fusion, palette, fonts, style sheet, Chinese Qt dialogs. `percent` is the text size."""
    app.setStyle("Fusion")
    app.setPalette(_palette())
    _speak_chinese(app)
    set_text_size(app, percent)


def set_text_size(app: QApplication, percent: int) -> None:
    """Make all text `percent` of its usual size; spacing follows, because the style sheet is computed again."""
    font = QFont()
    font.setFamilies(_families())
    font.setPointSizeF(BASE_POINTS * percent / 100)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    app.setFont(font)
    app.setStyleSheet(style_sheet())


def em(times: float = 1) -> int:
    """A length in pixels: so many times the size of the text. All fixed sizes of the window are written with it."""
    return round(QFontInfo(QApplication.font()).pixelSize() * times)


def gap() -> int:
    """The usual space between things."""
    return em(0.75)


def large(times: float = 1.25, *, bold: bool = True) -> QFont:
    """The text font, larger."""
    font = QApplication.font()
    font.setPointSizeF(font.pointSizeF() * times)
    font.setBold(bold)
    return font


def mark(widget: QWidget, **states: str | bool) -> None:
    """Set the properties that the style sheet looks at (role, state, …) and show them at once."""
    changed = [name for name, value in states.items() if widget.property(name) != value]
    for name in changed:
        widget.setProperty(name, states[name])
    if changed:
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _families() -> list[str]:
    """The installed Chinese font, or ours; then the one that holds rare characters."""
    installed = set(QFontDatabase.families())
    chosen = next((name for name in _CHINESE if name in installed), None)
    if chosen is None:
        chosen = _load("NotoSansSC-Regular.ttf")
        _load("NotoSansSC-Bold.ttf")
    rare = _RARE if _RARE in installed else _load("LXGWWenKai-Regular.ttf")
    return [chosen, rare]


def _load(file: str) -> str:
    """Load one of our fonts; its family name. Raises FileNotFoundError when the installation is incomplete."""
    number = QFontDatabase.addApplicationFont(str(resource("fonts", file)))
    names = QFontDatabase.applicationFontFamilies(number)
    if not names:
        raise FileNotFoundError(f"resources/fonts/{file}")
    return names[0]


def _speak_chinese(app: QApplication) -> None:
    """Qt's own buttons and dialogs in Chinese."""
    if app.property("jz_translated"):
        return
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load("qtbase_zh_CN", folder):
        app.installTranslator(translator)
        app.setProperty("jz_translated", True)


def _palette() -> QPalette:
    """Our colours for everything that the style sheet does not name."""
    role = QPalette.ColorRole
    colours = {
        role.Window: PAGE,
        role.WindowText: TEXT,
        role.Base: CARD,
        role.AlternateBase: "#f8faf9",
        role.Text: TEXT,
        role.Button: "#fbfcfb",
        role.ButtonText: TEXT,
        role.Highlight: ACCENT,
        role.HighlightedText: "#ffffff",
        role.PlaceholderText: "#8a9691",
        role.ToolTipBase: "#26332f",
        role.ToolTipText: "#ffffff",
        role.Link: ACCENT,
        role.Mid: LINE,
        role.Accent: ACCENT,
    }
    palette = QPalette()
    for name, colour in colours.items():
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor("#9aa6a1"))
    return palette


def style_sheet() -> str:
    """The style sheet for the present text size; lengths in px are computed from it, font sizes never are."""
    return _fields() + _buttons() + _tables() + _surfaces() + _navigation()


def _asset(name: str) -> str:
    return resource("icons", name).as_posix()


def _fields() -> str:
    tall, wide, round_ = em(0.36), em(0.6), em(0.3)
    edits = "QLineEdit, QPlainTextEdit, QComboBox, QSpinBox"
    return f"""
    {edits} {{ background: {CARD}; border: 1px solid {FIELD_LINE}; border-radius: {round_}px;
        padding: {tall}px {wide}px; selection-background-color: {ACCENT}; selection-color: white; }}
    QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QComboBox:on {{ border: 1px solid {ACCENT};
        background: {CARD}; }}
    QLineEdit:hover:!focus, QComboBox:hover:!focus {{ border-color: #9fb0a9; }}
    QLineEdit[readOnly="true"], QPlainTextEdit[readOnly="true"] {{ background: #f4f7f5; color: #3f4c47; }}
    QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled {{ background: #f1f4f2;
        color: #46524d; border-color: {LINE}; }}
    *[state="wrong"] {{ border: 1px solid {WRONG}; background: {WRONG_SOFT}; }}
    *[state="look"] {{ border: 1px solid {LOOK}; background: {LOOK_SOFT}; }}
    QComboBox QLineEdit {{ border: none; padding: 0; background: transparent; }}
    QComboBox::drop-down {{ border: none; width: {em(1.7)}px; }}
    QComboBox::down-arrow {{ image: url({_asset("sheet-down.svg")}); width: {em(0.8)}px;
        height: {em(0.8)}px; }}
    QComboBox QAbstractItemView, QListView[role="popup"] {{ background: {CARD};
        border: 1px solid {FIELD_LINE};
        outline: none; padding: {em(0.2)}px; }}
    QComboBox QAbstractItemView::item, QListView[role="popup"]::item {{ min-height: {em(1.9)}px;
        padding: 0 {em(0.4)}px; color: {TEXT}; }}
    QComboBox QAbstractItemView::item:selected, QListView[role="popup"]::item:selected {{
        background: {ACCENT_SOFT}; color: {TEXT}; }}
    QCheckBox, QRadioButton {{ spacing: {em(0.5)}px; padding: {em(0.15)}px 0; }}
    QCheckBox::indicator {{ width: {em(1.1)}px; height: {em(1.1)}px; border: 1px solid #8fa099;
        border-radius: {em(0.2)}px; background: {CARD}; }}
    QCheckBox::indicator:checked {{ background: {ACCENT}; border-color: {ACCENT};
        image: url({_asset("sheet-tick.svg")}); }}
    QRadioButton::indicator {{ width: {em(1.1)}px; height: {em(1.1)}px; border: 1px solid #8fa099;
        border-radius: {em(0.55)}px; background: #ffffff; }}
    QRadioButton::indicator:checked {{ border-color: {ACCENT}; background: qradialgradient(cx: 0.5, cy: 0.5,
        radius: 0.5, fx: 0.5, fy: 0.5, stop: 0 {ACCENT}, stop: 0.5 {ACCENT}, stop: 0.56 #ffffff, stop: 1 #ffffff); }}
    QCheckBox:focus, QRadioButton:focus {{ color: {ACCENT}; }}
    """


def _buttons() -> str:
    tall, wide, round_ = em(0.36), em(0.9), em(0.3)
    return f"""
    QPushButton {{ background: {CARD}; border: 1px solid {FIELD_LINE}; border-radius: {round_}px;
        padding: {tall}px {wide}px; color: {TEXT}; }}
    QPushButton:hover {{ background: {ACCENT_FAINT}; border-color: #9fb0a9; }}
    QPushButton:pressed {{ background: {ACCENT_SOFT}; }}
    QPushButton:focus {{ border: 1px solid {ACCENT}; }}
    QPushButton:disabled {{ color: #9aa6a1; background: #f4f6f5; border-color: {LINE}; }}
    QPushButton[role="primary"] {{ background: {ACCENT}; border-color: {ACCENT}; color: white;
        font-weight: bold; }}
    QPushButton[role="primary"]:hover {{ background: {ACCENT_DARK}; }}
    QPushButton[role="primary"]:focus {{ border: 2px solid #0f3a30; padding: {tall - 1}px {wide - 1}px; }}
    QPushButton[role="primary"]:disabled {{ background: #a9c2ba; border-color: #a9c2ba; color: #f3f6f4; }}
    QPushButton[role="danger"] {{ color: {WRONG}; }}
    QPushButton[role="danger"]:disabled {{ color: #9aa6a1; }}
    QPushButton[role="danger"]:hover:enabled {{ background: {WRONG_SOFT}; border-color: {WRONG}; }}
    QPushButton[role="link"], QToolButton {{ background: transparent; border: 1px solid transparent;
        border-radius: {round_}px;
        padding: {em(0.2)}px {em(0.35)}px; color: {ACCENT}; }}
    QPushButton[role="link"]:hover, QToolButton:hover {{ background: {ACCENT_FAINT}; }}
    QPushButton[role="link"]:focus, QToolButton:focus {{ border: 1px solid {ACCENT}; }}
    QPushButton[role="segment"] {{ border-radius: 0; padding: {tall}px {em(0.9)}px; margin-left: -1px; }}
    QPushButton[role="segment"]:checked {{ background: {ACCENT_SOFT}; border-color: {ACCENT};
        color: {ACCENT_DARK}; font-weight: bold; }}
    """


def _tables() -> str:
    return f"""
    QTableView {{ background: {CARD}; alternate-background-color: #f8faf9; border: 1px solid {LINE};
        border-radius: {em(0.35)}px;
        gridline-color: transparent; outline: none; selection-background-color: {ACCENT_SOFT};
        selection-color: {TEXT}; }}
    QTableView::item {{ padding: 0 {em(0.5)}px; border-bottom: 1px solid #edf1ef; }}
    QTableView::item:selected {{ background: {ACCENT_SOFT}; color: {TEXT}; }}
    QHeaderView {{ background: #eef2f0; border: none; }}
    QHeaderView::section {{ background: #eef2f0; color: {MUTED}; border: none;
        border-bottom: 1px solid {LINE};
        padding: {em(0.45)}px {em(0.5) + 3}px; font-weight: bold; }}
    QHeaderView::section:hover {{ color: {ACCENT}; }}
    QAbstractScrollArea::corner {{ background: transparent; border: none; }}
    QTableCornerButton::section {{ background: #eef2f0; border: none; }}
    QScrollBar:vertical {{ width: {em(0.7)}px; background: transparent; margin: 0; }}
    QScrollBar:horizontal {{ height: {em(0.7)}px; background: transparent; margin: 0; }}
    QScrollBar::handle {{ background: #c3cfc9; border-radius: {em(0.3)}px; min-height: {em(2)}px;
        min-width: {em(2)}px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: #9fb0a9; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QTabWidget::pane {{ border: none; border-top: 1px solid {LINE}; }}
    QTabBar {{ qproperty-drawBase: 0; }}
    QTabBar::tab {{ padding: {em(0.45)}px {em(0.9)}px; color: {MUTED}; border: none;
        border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {ACCENT}; border-bottom: 2px solid {ACCENT}; font-weight: bold; }}
    QTabBar::tab:focus {{ color: {ACCENT_DARK}; }}
    QProgressBar {{ background: #e3eae7; border: none; border-radius: {em(0.25)}px;
        max-height: {em(0.5)}px; min-height: {em(0.5)}px; }}
    QProgressBar::chunk {{ background: {ACCENT}; border-radius: {em(0.25)}px; }}
    """


def _surfaces() -> str:
    round_ = em(0.45)
    return f"""
    QToolTip {{ background: #26332f; color: white; border: none; padding: {em(0.3)}px {em(0.5)}px; }}
    QFrame[role="card"] {{ background: {CARD}; border: 1px solid {LINE}; border-radius: {round_}px; }}
    QFrame[role="card"][live="true"]:hover {{ border-color: {ACCENT}; background: #fbfdfc; }}
    QFrame[role="card"][live="true"]:focus {{ border: 1px solid {ACCENT}; background: {ACCENT_FAINT}; }}
    QFrame[role="drawer"] {{ background: {CARD}; border: none; border-left: 1px solid {FIELD_LINE}; }}
    QFrame[role="scrim"] {{ background: rgba(20, 40, 35, 90); }}
    QFrame[role="line"] {{ background: {LINE}; max-height: 1px; min-height: 1px; border: none; }}
    QFrame[role="banner"] {{ border-radius: {round_}px; border: 1px solid {LINE}; background: {CARD}; }}
    QFrame[role="banner"][tone="wrong"] {{ background: {WRONG_SOFT}; border-color: #e9b9b4; }}
    QFrame[role="banner"][tone="look"] {{ background: {LOOK_SOFT}; border-color: #ecd49b; }}
    QFrame[role="banner"][tone="good"] {{ background: {GOOD_SOFT}; border-color: #b5dbc0; }}
    QFrame[role="banner"][tone="calm"] {{ background: #eef4f8; border-color: #c5d6e2; }}
    QFrame[role="toast"] {{ background: #26332f; border-radius: {round_}px; }}
    QFrame[role="toast"] QLabel {{ color: white; }}
    QFrame[role="toast"] QPushButton {{ background: transparent; border: none; color: {NAVIGATION_MARK};
        font-weight: bold; }}
    QScrollArea, QScrollArea > QWidget > QWidget[role="inside"] {{ background: transparent; border: none; }}
    QLabel[tone="muted"] {{ color: {MUTED}; }}
    QLabel[tone="wrong"] {{ color: {WRONG}; }}
    QLabel[tone="look"] {{ color: {LOOK}; }}
    QLabel[tone="good"] {{ color: {GOOD}; }}
    QLabel[role="badge"] {{ border-radius: {em(0.55)}px; padding: {em(0.05)}px {em(0.5)}px;
        background: #edf1ef; color: {MUTED}; }}
    QLabel[role="badge"][tone="wrong"] {{ background: {WRONG_SOFT}; color: {WRONG}; }}
    QLabel[role="badge"][tone="look"] {{ background: {LOOK_SOFT}; color: {LOOK}; }}
    QLabel[role="badge"][tone="good"] {{ background: {GOOD_SOFT}; color: {GOOD}; }}
    QStatusBar {{ background: {CARD}; border-top: 1px solid {LINE}; color: {MUTED}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ color: {MUTED}; padding: 0 {em(0.5)}px; }}
    QSplitter::handle {{ background: transparent; }}
    QMenu {{ background: {CARD}; border: 1px solid {FIELD_LINE}; padding: {em(0.3)}px; }}
    QMenu::item {{ padding: {em(0.4)}px {em(1.4)}px; border-radius: {em(0.25)}px; }}
    QMenu::item:selected {{ background: {ACCENT_SOFT}; color: {TEXT}; }}
    QDialog {{ background: {CARD}; }}
    """


def _navigation() -> str:
    return f"""
    QFrame[role="navigation"] {{ background: {NAVIGATION}; border: none; }}
    QFrame[role="navigation"] QLabel {{ color: white; }}
    QFrame[role="navigation"] QLabel[tone="muted"] {{ color: #93ada4; }}
    QPushButton[role="place"] {{ background: transparent; color: {NAVIGATION_TEXT}; border: none;
        border-radius: 0;
        border-left: {em(0.22)}px solid transparent; padding: {em(0.3)}px {em(1)}px; text-align: left; }}
    QPushButton[role="place"]:hover {{ background: #22433c; }}
    QPushButton[role="place"]:focus {{ background: #22433c; color: white; }}
    QPushButton[role="place"]:checked {{ background: {NAVIGATION_HERE}; color: white; font-weight: bold;
        border-left: {em(0.22)}px solid {NAVIGATION_MARK}; }}
    """
