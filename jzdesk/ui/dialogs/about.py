"""F1: the keys, the version, where the data is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from jzdesk import __version__
from jzdesk.ui import theme, widgets
from jzdesk.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from jzdesk.services.context import StationInfo

KEYS = (
    ("Alt+1 … 9、0、-、=", "打开左边第几页，每页右边写着它的键"),
    ("F3", "到查找框：姓名、拼音首字母、证件号任一段"),
    ("F5", "刷新"),
    ("Ctrl+N", "新增一条"),
    ("Ctrl+S", "保存"),
    ("回车 / Tab", "到下一个字段；多行框里 Alt+回车换行"),
    ("F4 或 Alt+↓", "打开下拉列表、日历"),
    ("F2", "表单里：查看被遮住的证件号、账号；表格里：修改选中各行的这一栏"),
    ("Ctrl+C / Ctrl+V", "表格里：复制选中的行（号码遮盖）；粘贴从 Excel、WPS 复制的一块"),
    ("Ctrl+D", "表格里：向下填充"),
    ("Ctrl+Z / Ctrl+Y", "撤销、重做上一步；Ctrl+Shift+Z 看最近操作"),
    ("Esc", "收起侧栏、清空查找框"),
)


class AboutDialog(Dialog):
    """Keys and version."""

    def __init__(self, parent: QWidget | None, info: StationInfo) -> None:
        super().__init__(parent, "按键和版本", width=42)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.em(1.2))
        grid.setVerticalSpacing(theme.em(0.4))
        grid.setColumnStretch(1, 1)
        for number, (keys, meaning) in enumerate(KEYS):
            grid.addWidget(widgets.label(keys, bold=True), number, 0)
            grid.addWidget(widgets.label(meaning, wrap=True), number, 1)
        self.body.addLayout(grid)
        self.body.addWidget(widgets.line())
        place = widgets.label(
            f"jzdesk {__version__}　{info.name}\n数据在 {info.folder}（已加密）", tone="muted", wrap=True
        )
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(place)
        self.add_button("关闭", self.accept)
