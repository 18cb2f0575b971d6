#!/usr/bin/env bash
# 县站夜间批处理：备份，并入收件文件夹里的数据包，核对，写回执，列出等人办的事和没有上报的学校。
#
#   night-batch.sh 工作站文件夹 密码文件 收件文件夹 回执文件夹
#
# 退出码是各步里最大的一个：0 都办好了；1 有事等人办（包没有接收、学校逾期）；2 机器的问题；3 程序出错。
# 同一个包再并入一次没有变化，所以收件文件夹不用清空。jz 不在路径里时，用环境变量 JZ 指明。
set -uo pipefail
station=$1 password=$2 inbox=$3 outbox=$4
worst=0
jz() {
  "${JZ:-jz}" --station "$station" --password-file "$password" "$@"
  local code=$?
  if [ "$code" -gt "$worst" ]; then worst=$code; fi
  return "$code"
}
step() { printf '\n== %s %s\n' "$(date '+%F %T')" "$1"; }
stop() { step "停止：$1"; exit "$worst"; }

step 备份
jz backup make || stop "没有备份成，什么也没有并入"
step 并入
jz merge "$inbox" --strict
[ "$worst" -lt 2 ] || stop "并入没有做完，已并入的都在"
step 核对
jz verify || stop "数据与变更日志不一致，没有写回执"
step 写回执
jz county receipts --to "$outbox"
step 等人办的事
jz holds list
jz conflicts
jz duplicates
step 没有上报的学校
jz county missing --to "$outbox/没有上报.pdf"
step "完成，退出码 $worst"
exit "$worst"
