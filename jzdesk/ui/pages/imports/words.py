"""Words that the parts of 导入导出 share: outcomes, ways a column was recognised, kinds of file, names of files."""

from __future__ import annotations

WORKBOOKS = "工作簿 (*.xlsx *.xlsm *.xls *.et *.csv *.txt)"
XLSX = "Excel 工作簿 (*.xlsx)"
OUTCOMES = {
    "added": ("新增", "good"),
    "changed": ("更新", "look"),
    "unchanged": ("未变", "muted"),
    "parked": ("停放待改", "wrong"),
    "unmatched": ("不在本校名册", "muted"),
}
HOW = {"heading": "按标题", "content": "按内容", "scheme": "按方案", "hand": "手工指定", "": ""}
# Words in a file's name that tell its kind; the first that fits counts.
_NAMES = (
    ("members", ("家庭成员", "监护人", "家长")),
    ("classes", ("班主任", "班级")),
    ("staff", ("教师", "教职工")),
    ("pairing", ("结对", "责任人")),
    ("accounts", ("账户", "账号", "银行")),
    ("visits", ("走访", "家访")),
    ("hardship_list", ("脱贫", "监测", "低保", "特困", "残疾", "孤儿", "名单")),
    ("roll", ("学籍", "学生", "名册", "花名册")),
)


def guess(name: str) -> str:
    """The kind of import that a file's name speaks of; empty when it says nothing."""
    return next((kind for kind, words in _NAMES if any(word in name for word in words)), "")
