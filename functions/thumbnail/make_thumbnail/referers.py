"""Which ``Referer`` a picture's host is sent.

Hosts look at it to keep other sites from using their pictures. Most that do serve the article's own site and those who send
none; some want any at all. So the article's address goes first, which is the truth, and none where that is refused.
"""

from make_thumbnail.target import Target
from postkeep.errors import PictureRefused

NONE = ""

KNOWN = {
    # Answers foreign sites with status 200 and a picture that says that it may not be quoted: there is nothing to notice.
    "qpic.cn": (NONE, "https://mp.weixin.qq.com/"),
    "mmbiz.qlogo.cn": (NONE, "https://mp.weixin.qq.com/"),
    # Weibo's: since 2019 no foreign sites; since November 2022 no browsers without a Referer either. Others may send none.
    "sinaimg.cn": ("https://weibo.com/", NONE),
    # Pixiv's: its own site only.
    "pximg.net": ("https://www.pixiv.net/",),
}
"""Hosts, with all below them, that want something else, and what to send, in order.

Sources: for Weibo, RSSHub's pull request 11320 and the discussions that it names; for Weibo and Pixiv, what readers of feeds
send (Follow, ``packages/shared/src/image.ts``); for WeChat, what all say who copy its articles. Only what several sources agree
on stands here.
"""


def referers(target: Target, article: str) -> tuple[str, ...]:
    """The Referers to send, in order: the next one where a host refuses because of the one before; "" is none.

    Args:
        target: what is asked for.
        article: the address of the article that the picture stands in, or "".

    Returns:
        one or two.
    """
    labels = target.host.split(".")
    for start in range(len(labels) - 1):
        if known := KNOWN.get(".".join(labels[start:])):
            return known
    stated = _stated(target, article)
    return (stated, NONE) if stated else (NONE,)


def _stated(target: Target, article: str) -> str:
    try:
        source = Target.parse(article)  # which leaves out the fragment, and refuses user names
    except PictureRefused:
        return NONE
    if source.scheme == "https" and target.scheme == "http":
        return NONE  # as every browser does: what was read in private is not told in the open
    return str(source)
