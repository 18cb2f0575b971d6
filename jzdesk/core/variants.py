"""Characters of names that are written in several ways: traditional and simplified, and variants of one character.

NFKC folds only what Unicode calls compatible (豈 U+F900 → 豈), not 峯 and 峰, and a full table of traditional
characters would bring 3,000 pairs that no name contains, some of them wrong for names (后 is a surname, and no 後).
So this is our own small table: surnames first, then what given names are made of. It decides only what is *shown* as
a possible duplicate; nothing is ever changed by it.
"""

from __future__ import annotations

# Each group: the form it is folded to, then the others.
_GROUPS = """
峰峯 龙龍䶮龑 国國囯圀 华華崋 刘劉 张張 陈陳 杨楊 赵趙 黄黃 吴吳呉 孙孫 马馬 罗羅 郑鄭 谢謝 韩韓
冯馮 邓鄧 萧蕭 邹鄒 叶葉 苏蘇 吕呂 卢盧 蒋蔣 贾賈 钟鍾鐘锺 顾顧 贺賀 龚龔 钱錢 汤湯 万萬 严嚴 赖賴
庞龐 兰蘭 颜顏 阎閻闫 齐齊 欧歐 聂聶 鲁魯 关關関 邬鄔 简簡 饶饒 阳陽 邵卲 温溫 娄婁 尧堯 缪繆 纪紀
项項 单單 谭譚 涂塗 晋晉 应應 鲜鮮 车車 来來 乐樂楽 柏栢 闵閔 岳嶽 强強彊 杰傑 伟偉 丽麗 凤鳳 云雲
兴興 荣榮栄 发發 义義 礼禮 仪儀 亚亞 庆慶 宾賓 实實寔 宝寶寳 寿壽 尔爾 岩巖嵒 岭嶺 峡峽 岛島嶋 东東
术術 权權 桥橋 梦夢 栋棟 树樹 桦樺 楼樓 槟檳 欢歡懽 泽澤 洁潔 浓濃 涛濤 润潤 渊淵 滨濱 滢瀅 潇瀟
澜瀾 灵靈 炜煒 烨燁爗 焕煥 爱愛 犹猶 环環 现現 玮瑋 珑瓏 琼瓊 瑶瑤 璎瓔 电電 畅暢 监監 睿叡 矿礦
硕碩 祯禎 祎禕 离離 积積 稳穩 穷窮 竞競 笃篤 笔筆 签簽 红紅 纯純 纲綱 纳納 纵縱 绍紹 经經 结結
给給 绚絢 络絡 继繼 绩績 绪緒 绫綾 绮綺 维維 绿綠 缘緣 缨纓 艺藝 节節 苇葦 苍蒼 茎莖 荐薦 莲蓮
莹瑩 蓝藍 蔷薔 虚虛 虽雖 蚕蠶 装裝 见見 观觀 觉覺 览覽 计計 认認 训訓 记記 许許 论論 设設 诗詩
诚誠 诞誕 语語 说說 诺諾 谊誼 谦謙 谨謹 贝貝 贞貞 财財 贤賢 贵貴 贻貽 赞贊讚 赢贏 跃躍 轩軒 轶軼
辉輝煇 辽遼 达達 迁遷 过過 运運 进進 远遠 连連 迟遲 适適 选選 遥遙 郏郟 鉴鑒鑑 钦欽 钧鈞 钢鋼 钰鈺
铁鐵 铃鈴 铎鐸 铜銅 铠鎧 铭銘 银銀 锋鋒 锐銳 锦錦 镇鎮 镜鏡 长長 门門 闯闖 闻聞 闽閩 阁閣 队隊
阶階 际際 陆陸 隐隱 难難 雾霧 静靜 韦韋 韬韜 韵韻 页頁 顺順 须須 颂頌 颖穎頴 飞飛 饰飾 驰馳 骁驍
骅驊 骄驕 骏駿 骐騏 鸣鳴 鸽鴿 鸿鴻 鹃鵑 鹏鵬 鹤鶴 鹰鷹 麦麥 凯凱 刚剛 创創 剑劍劔 劲勁 励勵 动動
务務 胜勝 势勢 勋勳 区區 医醫 历歷曆 厅廳 县縣 参參 双雙 变變 叙敘 号號 启啟啓 吉𠮷 员員 响響 唤喚
团團 围圍 园園 圆圓 圣聖 场場 坚堅 坛壇 垒壘 处處 备備 头頭 夹夾 奂奐 奋奮 奖獎 妆妝 妇婦 妩嫵
娅婭 娇嬌 娱娛 娴嫻嫺 婵嬋 婴嬰 学學斈 宁寧甯寗 宪憲 宽寬 导導 将將 尘塵 尽盡 层層 岁歲 帅帥 师師
带帶 帧幀 广廣 库庫 开開 异異 弃棄 归歸 当當 录錄 彦彥 彻徹 忆憶 忧憂 怀懷 态態 怜憐 总總 恒恆
恳懇 恺愷 惊驚 惠恵 愿願 战戰 户戶 执執 扬揚 抚撫 护護 报報 担擔 择擇 挚摯 捷㨗 掷擲 敌敵 数數
断斷 无無 旧舊 时時 旷曠 昆崑 显顯 晓曉 晔曄 晖暉 晰晳 暂暫 暖煖 朴樸 机機 杂雜 条條 极極 构構
枫楓 标標 样樣 档檔 棱稜 楠枏 榄欖 毕畢 气氣 汉漢 沟溝 沪滬 泾涇 洒灑 浅淺 济濟 浏瀏 浔潯 涌湧
涟漣 涧澗 渐漸 湾灣 溪谿 滟灧 满滿 潜潛 灿燦 炼煉 炽熾 烁爍 烛燭 热熱 照炤 熙煕熈 燕鷰 牵牽 状狀
独獨 献獻 玛瑪 珏玨 琅瑯 琏璉 畴疇 皑皚 盖蓋 盘盤 磊磥 禄祿 禅禪 种種 稣穌 竖豎 粮糧 绣繡 缇緹
群羣 翘翹 耀燿 联聯 聪聰聡 肃肅 胆膽 脉脈 腾騰 舰艦 艳豔艷 芦蘆 荆荊 草艸 莱萊 萤螢 营營 葱蔥 蕊蘂
衔銜 衡𢖍 补補 裕𥙿 谐諧 轲軻 轼軾 辈輩 辞辭 迈邁 还還 逊遜 遗遺 邻鄰 郦酈 酝醞 醉酔 野埜 针針
钊釗 铄鑠 铮錚 锡錫 锴鍇 镒鎰 镕鎔 闲閑 闰閏 阅閱 陕陝 随隨 雄䧺 雏雛 霁霽 霭靄 顿頓 领領 频頻
题題 颉頡 风風 飏颺 驹駒 驿驛 骋騁 骞騫 骥驥 鲲鯤 鹂鸝 鸾鸞 黛黱 升昇陞 松鬆 志誌 佑祐 修脩 侠俠
俊儁 俪儷 仑侖 仓倉 亿億 众眾衆 优優 会會 伦倫 传傳 体體 侨僑 俭儉 债債 倾傾 储儲 儿兒 兑兌 冲沖
冰氷 决決 况況 净淨 凉涼 减減 凌淩
"""


_FOLDED = {ord(other): group[0] for group in _GROUPS.split() for other in group[1:]}


def folded(name: str) -> str:
    """The name with every known variant in one form: 陳曉峯 → 陈晓峰. For comparing only."""
    return name.translate(_FOLDED)
