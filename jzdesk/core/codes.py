"""Code tables: codes are stored, labels are looked up, and every written form of a code is understood."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

from jzdesk.core.errors import ValueFault
from jzdesk.core.resources import resource
from jzdesk.core.text import normalise

_WRITTEN = re.compile(r"^\s*([0-9A-Za-z]+)\s*[-－—:：.、]\s*(.+?)\s*$")

# What people write for a code whose official label is longer.
_SPOKEN: dict[str, dict[str, str]] = {
    "sex": {"男性": "1", "女性": "2"},
    "boarding": {"寄宿": "2", "住宿": "2", "寄宿生": "2", "住校生": "2", "走读生": "1", "非寄宿": "1"},
    "hukou": {"农业": "1", "非农业": "2", "农村": "1", "城镇": "2", "城市": "2", "农业家庭户口": "1"},
    "grade": {
        f"{stage}{number}年级": f"G{first + step:02d}"
        for stage, first in (("初中", 7), ("初", 7), ("高中", 10), ("高", 10))
        for step, number in enumerate("一二三")
    },
    "health": {"健康": "10", "良好": "10", "健康/良好": "10", "一般": "20", "较弱": "20"},
    "relation": {
        "爸爸": "51", "父": "51", "妈妈": "52", "母": "52", "爷爷": "61", "奶奶": "62", "外公": "63",
        "外婆": "64", "之子": "20", "儿子": "20", "之女": "30", "女儿": "30", "哥哥": "71", "姐姐": "75",
        "户主": "02", "本人": "01", "本人或户主": "02", "继父": "57", "养父": "57", "继母": "58", "养母": "58",
    },
    "visit_method": {
        "入户": "1", "入户走访": "1", "家访": "1", "上门": "1", "到校": "2", "面谈": "2", "电话": "3",
        "电话走访": "3", "电话家访": "3", "视频": "4", "网络": "4", "微信": "4", "座谈": "7", "家长会": "7",
    },
    "id_doc_type": {"身份证": "1", "二代身份证": "1", "无": "Z", "其他": "Z", "护照": "A", "居住证": "L"},
    "disability": {"无": "0", "没有": "0", "视力": "1", "听力": "2", "言语": "3", "肢体": "4", "智力": "5",
                   "精神": "6", "多重": "7"},
    "left_behind": {"否": "0", "非留守": "0", "单亲留守": "1", "双亲留守": "2"},
    "poverty_cause": {"缺劳力": "08", "自身发展力不足": "11"},
    "student_status": {"在校": "01", "正常": "01"},
}  # fmt: skip


_ELSEWHERE = {"programme": ("policy", "programmes.csv")}  # tables that are more than codes


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One code table: `labels` in order, `understood` every written form → code, `rows` all columns."""

    name: str
    labels: dict[str, str]
    understood: dict[str, str]
    rows: dict[str, dict[str, str]]

    def label(self, code: str) -> str:
        """The label, or the code itself when a newer station used one we do not know."""
        return self.labels.get(code, code)

    def items(self) -> list[tuple[str, str]]:
        """(code, label) in the order of the table."""
        return list(self.labels.items())

    def column(self, code: str, name: str) -> str:
        """A further column of the row of `code`; empty when unknown."""
        return self.rows.get(code, {}).get(name, "")

    def parse(self, text: str) -> str:
        """The code meant by `2`, `2-住校` or `住校`; raises ValueFault naming what may be written."""
        text = normalise(text)
        if (code := self.understood.get(text)) is not None:
            return code
        if (code := self._from_pair(text)) is not None:
            return code
        choices = "、".join(list(self.labels.values())[:8]) + ("……" if len(self.labels) > 8 else "")
        raise ValueFault(f"“{text}”不在选项里", f"请改成下列之一：{choices}。")

    def _from_pair(self, text: str) -> str | None:
        """`2-住校`: the code and the label must agree."""
        match = _WRITTEN.match(text)
        if match is None:
            return None
        code = self.understood.get(match[1])
        return code if code is not None and self.understood.get(match[2]) == code else None


@cache
def table(name: str) -> CodeTable:
    """The code table `resources/codes/<name>.csv`; raises FileNotFoundError for an unknown name."""
    with resource(*_ELSEWHERE.get(name, ("codes", f"{name}.csv"))).open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    labels = {code: row["name"] for code, row in rows.items()}
    understood: dict[str, str] = {}
    for code, row in rows.items():
        for written in _written(code, row):
            understood.setdefault(normalise(written), code)
    for written, code in _SPOKEN.get(name, {}).items():
        understood.setdefault(normalise(written), code)
    return CodeTable(name, labels, understood, rows)


def _written(code: str, row: dict[str, str]) -> list[str]:
    """Every form a code is written in: itself, without a leading zero, its label, and the label's parts."""
    label = row["name"]
    forms = [code, label, label.split("（")[0]]
    forms += [code.lstrip("0")] if code.startswith("0") and len(code) > 1 else []
    if note := row.get("note", ""):
        forms += re.findall(r"又称(\S+)", note)
    if row.get("stage"):
        forms.append(re.sub(r"^(小学|初中|普高|中职|高等)", "", label))
    return [form for form in forms if form]
