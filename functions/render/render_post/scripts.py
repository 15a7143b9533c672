"""The scripts of East Asia, as the insides of regular expressions' character classes."""

IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff"
"""Chinese characters as both scripts' character sets have them."""

HAN = IDEOGRAPHS + "\u3005\u3007\u3105-\u312f\u31a0-\u31bf\uf900-\ufaff\U00020000-\U0003ffff"
"""All Chinese characters, with the sign that repeats one, the round zero, and Bopomofo."""

KANA = "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d"
"""Hiragana and Katakana, without the dot and the dashes, which stand in Chinese text too."""

KANA_MARKS = "\u309d\u309e\u30fc-\u30fe\uff70"
"""What lengthens or repeats Kana."""

HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff"
"""Korean syllables and letters."""
