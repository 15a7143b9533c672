"""What the template's parameters change, and what AWS's free tier does: sections of docs/cost.md."""

from collections.abc import Mapping, Sequence

from bench.assumptions import DAYS, EVERY, GIGABYTE, POSTS_A_DAY
from bench.bills import Bills
from bench.charges import mappings, polled, watching
from bench.costs import free, prices, times, total
from bench.markdown import money, table

from support.template import template


def changes(bills: Bills, posts: int) -> Mapping[str, float]:
    """Dollars that each choice adds to a month in use, by what is chosen; negative where it saves."""
    typical = bills.typical(posts)
    pictures = bills.measured["profile"]["share_with_pictures"] * bills.measured["profile"]["pictures"]
    retention = float(template()["Parameters"]["LogRetentionDays"]["Default"])
    month = POSTS_A_DAY * DAYS

    def without(*names: str) -> float:
        return -total({name: typical.get(name, 0.0) for name in names})

    def kept(way: str) -> float:
        """A month's new pictures made otherwise, and all pictures that lie there."""
        usual, other = (bills.measured["pictures"][one]["written"] for one in ("usual", way))
        stored = {"s3-gigabytes": (other - usual) * pictures * posts / GIGABYTE}
        return float(total(stored) + month * pictures * (total(bills.picture(way)) - total(bills.picture())))

    counting = [
        bills.scheduled("count, nothing", posts),
        bills.scheduled("retry, nothing", posts),
        bills.scheduled("reconcile", posts),
    ]
    count, retry, reconcile = (total(run) for run in counting)
    x86: float = prices()["lambda-x86-gigabyte-seconds"].each / prices()["lambda-gigabyte-seconds"].each
    return {
        "`KeepOriginals=true`, of all pictures": kept("with originals"),
        "`ThumbnailAvif=true`, of all pictures": kept("with AVIF"),
        "`FetchPictures=false`, from the beginning": -(
            month * pictures * total(bills.picture())
            + total({"s3-gigabytes": pictures * posts * bills.measured["pictures"]["usual"]["written"] / GIGABYTE})
        ),
        "no point-in-time recovery (`PostsTable`)": without("dynamodb-recovery-gigabytes"),
        "no X-Ray (`Tracing`)": without("traces"),
        "`LogRetentionDays=365`": total({"log-storage-gigabytes": typical["log-storage-gigabytes"] * (365 / retention - 1)}),
        "`LogRetentionDays=1`": total({"log-storage-gigabytes": typical["log-storage-gigabytes"] * (1 / retention - 1)}),
        "no dashboard": without("dashboards"),
        "`AlarmTopicArn`, all alarms": total(watching(topic=True)) - total(watching(topic=False)),
        "`CountSchedule=rate(1 hour)`": -(EVERY["count"] - POSTS_A_DAY - 24) * DAYS * count,
        "`RetrySchedule=rate(1 hour)`": -(EVERY["retry"] - 24) * DAYS * (retry + total(bills.cold("retry"))),
        "`ReconcileSchedule=rate(7 days)`": -(1 - 1 / 7) * EVERY["reconcile"] * DAYS * reconcile,
        "one queue less that is asked all the time": -total(times(polled(), 1 / mappings())),
        "`Architecture=x86_64`, were it as fast": -without("lambda-gigabyte-seconds") * (x86 - 1),
    }


def options(bills: Bills, archives: Sequence[int]) -> str:
    """Both sections."""
    found = [changes(bills, posts) for posts in archives]
    rows = [[choice, *(_signed(one[choice]) for one in found)] for choice in found[0]]
    months = [bills.typical(posts) for posts in archives]
    allowances = [
        [_label(name), _number(amount), *(_number(one.get(name, 0.0)) for one in months)] for name, amount in free().items()
    ]
    sizes = [f"{posts:,} posts" for posts in archives]
    return f"""## What the parameters change

Dollars a month more or less, in use. `CountSchedule` is reckoned with a run for each of {POSTS_A_DAY} posts at most; the
metrics of schedules and functions cost the same however seldom they come in an hour.

{table(["", *sizes], rows)}
## The free tier

For good, in each month, of the whole account; what else it has uses the same. The first twelve months, or the first credits, of
an account have more, which is not counted.

{table(["", "free", *(f"used by {size}" for size in sizes)], allowances)}"""


def _label(name: str) -> str:
    unit = {
        "dynamodb-storage-gigabytes": "GB",
        "log-gigabytes": "GB",
        "transfer-gigabytes": "GB",
        "lambda-gigabyte-seconds": "GB s",
    }
    return prices()[name].label + (f", {unit[name]}" if name in unit else "")


_LARGE = 1_000.0
"""From here on whole numbers say enough."""


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= _LARGE else f"{amount:,.3g}"


def _signed(dollars: float) -> str:
    if not dollars:
        return "–"
    return f"{'+' if dollars > 0 else '−'}{money(abs(dollars))}"
