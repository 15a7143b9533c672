"""docs/cost.md, written from what was measured, the prices and the template."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench import tuning_page
from bench.assumptions import (
    ACCESS_BYTES,
    COLD_STARTS_A_DAY,
    DAYS,
    EVERY,
    FETCH_SECONDS,
    GIGABYTE,
    HOURLY,
    MERGES,
    MIX,
    PLATFORM_BYTES,
    POSTS_A_DAY,
    QUERIES_A_DAY,
)
from bench.bills import Bills
from bench.charges import mappings, polled
from bench.cost_options import options
from bench.costs import WAIT_SECONDS, Amounts, after_free, constant, dollars, prices, times, total
from bench.counting import INDEXES, SIZES
from bench.markdown import filled, money, table
from bench.serving import BANDWIDTH

ARCHIVES = (1_000, 50_000, 1_000_000)
"""Posts."""

_FEW = 5
"""Lines that are called the dominating ones."""


def page(measured: Mapping[str, Any]) -> str:
    """The page."""
    bills = Bills(measured)
    parts = [_head(bills), _posts(bills), _queries(bills), _months(bills), _runs(bills), _stored(bills), options(bills, ARCHIVES)]
    return filled("\n\n".join([*parts, tuning_page.section(bills), _assumptions(bills), _prices()]))


def _sizes(first: str) -> list[str]:
    return [first, *(f"{posts:,} posts" for posts in ARCHIVES)]


def _head(bills: Bills) -> str:
    measured = bills.measured
    read = {
        "corpus": f"{measured['profile']['posts']:,} real posts of news archives, which are not part of the repository",
        "examples": "the examples in `examples/posts`, since the real posts are not at hand: yours may differ much",
    }[measured["source"]]
    rows = [
        ["a month in which nothing happens", *(money(total(bills.idle(posts))) for posts in ARCHIVES)],
        ["the same after what is free each month", *(money(total(after_free(bills.idle(posts)))) for posts in ARCHIVES)],
        [
            f"a month of {POSTS_A_DAY} posts and {QUERIES_A_DAY:,} requests a day",
            *(money(total(bills.typical(n))) for n in ARCHIVES),
        ],
        ["the same after what is free each month", *(money(total(after_free(bills.typical(posts)))) for posts in ARCHIVES)],
        ["putting all the posts there, once", *(money(total(bills.average("at once")) * posts) for posts in ARCHIVES)],
    ]
    return f"""# What it costs at AWS

`make bench-cost ARGS=--write` makes this page: from calls that were counted, processor time and memory that were measured, and
the list prices of AWS in us-east-1 in `bench/prices.toml`, dated below. **Nothing of it was billed**: no part of this has run
on AWS yet. Measured on {measured["date"]} on a {measured["machine"]}, Python {measured["python"]}, with {read}. Archives of
{SIZES[0]:,} and {SIZES[1]:,} posts were made in memory and counted, search indexes of {INDEXES[0]:,} and {INDEXES[1]:,}; what
is said of {ARCHIVES[-1]:,} posts is **the straight line through these two**, where no other reason is given. Without taxes;
without the free tier, where it is not named; a gigabyte is 10⁹ bytes.

{table(_sizes(""), rows)}"""


def _posts(bills: Bills) -> str:
    pictures = bills.measured["profile"]["pictures"]
    columns: Sequence[Amounts] = [
        bills.post("text", way="at once"),
        bills.illustrated(way="at once"),
        bills.post("text", way="one by one"),
        bills.illustrated(way="one by one"),
        times(bills.picture(), 1),
    ]
    heads = [
        "a thousand of",
        "text, at once",
        "with pictures, at once",
        "text, one by one",
        "with pictures, one by one",
        "a picture",
    ]
    events = [
        [
            name,
            *(
                money(1000 * total(bills.post(content, kind, way)))
                for way in ("at once", "one by one")
                for content in ("text", "pictures")
            ),
        ]
        for name, kind in (
            ("edited, its pictures staying", "changed"),
            ("put again as it was", "same"),
            ("deleted", "deleted"),
        )
    ]
    return f"""## A thousand posts

New posts, from the upload until search finds them. *At once*: as when an archive is put, in full batches. *One by one*: each
comes alone, and meets functions that must start first. *With pictures*: {pictures:.2f} new ones a post, the average of those
that have any; the still of a video counts as one.

{_by_line(heads, [times(column, 1000) for column in columns])}
{table(["a thousand posts", *heads[1:-1]], events)}"""


def _queries(bills: Bills) -> str:
    rows = [
        [
            kind,
            str(number),
            f"{bills.kind('search' if kind == 'a search' else 'query', kind)['answer']:,.0f}",
            *(money(1000 * total(bills.query(kind, posts))) for posts in ARCHIVES),
        ]
        for kind, number in MIX.items()
    ]
    rows += [
        ["**the mix**", str(sum(MIX.values())), "", *(money(total(bills.mixed(posts))) for posts in ARCHIVES)],
        ["a cold start of query, each", "", "", *(money(total(bills.cold("query"))) for _ in ARCHIVES)],
        ["a cold start of search, each", "", "", *(money(total(bills.cold_search(posts))) for posts in ARCHIVES)],
    ]
    heads = ["a thousand of", "of the mix", "bytes an answer", *_sizes("")[1:]]
    return f"""## A thousand requests

Of functions that are warm; the mix is an assumption. What an answer reads does not depend on the archive's size, and was
counted at {SIZES[0]:,} and {SIZES[1]:,} posts; a search asks for the manifest, and its time hardly grows
([search.md](search.md#the-figures)).

{table(heads, rows)}
{_by_line(_sizes("the mix by line"), [bills.mixed(posts) for posts in ARCHIVES])}
A cold start of search reads the whole index ({_megabytes(bills.index_bytes(ARCHIVES[0]))},
{_megabytes(bills.index_bytes(ARCHIVES[1]))}, {_megabytes(bills.index_bytes(ARCHIVES[2]))}), or as much of it as its disk holds.
Of {ARCHIVES[2]:,} posts it finds the newest months first; beyond what it reads within its time, see [decision
8](decisions/0008-search.md).
"""


def _months(bills: Bills) -> str:
    idle, typical = ([month(posts) for posts in ARCHIVES] for month in (bills.idle, bills.typical))
    return f"""## A month

**Nothing happens**: nobody puts a post, nobody reads. Lambda asks {mappings()} queues for messages all the time,
{constant("pollers"):.0f} requests at once for each, which take {constant("poll_seconds"):.0f} s:
{polled()["sqs-requests"]:,.0f} a month, whatever the archive's size. There is no parameter that ends it; disabling the event
source mappings of an archive that rests for long does.

{_by_line(_sizes("idle, by line"), idle)}
**In use**: {POSTS_A_DAY} new posts a day, one by one, {bills.measured["profile"]["share_with_pictures"]:.0%} of them with
pictures, and {QUERIES_A_DAY:,} requests of the mix a day.

{_by_line(_sizes("in use, by line"), typical)}
What dominates:

{"".join(f"- {posts:,} posts: {_dominating(month)}.{chr(10)}" for posts, month in zip(ARCHIVES, typical, strict=True))}
"""


def _runs(bills: Bills) -> str:
    kinds = {
        "reconcile": ("reconcile, when everything agrees", float(EVERY["reconcile"])),
        "count, everything": ("count, everything anew", 1 / 7),
        "count, a change": ("count, with a change", float(POSTS_A_DAY)),
        "count, nothing": ("count, with none", float(EVERY["count"] - POSTS_A_DAY)),
        "retry, nothing": ("retry, with nothing due", float(EVERY["retry"])),
    }
    rows = [
        [
            title,
            f"{number:.3g}",
            *(
                f"{money(total(bills.scheduled(run, n)))}, {money(number * DAYS * total(bills.scheduled(run, n)))}"
                for n in ARCHIVES
            ),
        ]
        for run, (title, number) in kinds.items()
    ]
    last = {run: bills.lasting(run, ARCHIVES[-1]) for run in ("reconcile", "count, everything")}
    return f"""## What runs by itself

A run, and a month of such runs.

{table([_sizes("")[0], "a day", *_sizes("")[1:]], rows)}
Of {ARCHIVES[-1]:,} posts, reconcile takes {last["reconcile"]:.1f} times the time that one run has, and counting anew
{last["count, everything"]:.1f} times; what does not end in one run is gone on with by the next. The time of counting anew grows
with the square of the archive, since each step goes over all that was counted before it.
"""


def _stored(bills: Bills) -> str:
    found = [bills.stored(posts) for posts in ARCHIVES]
    rows = [[kind, *(_megabytes(one[kind]) for one in found)] for kind in found[0]]
    return f"""## What lies there

{table(_sizes(""), rows)}
Each version of an edited post stays: its bytes come to *posts* once more. Lambda asks nothing for the code that it keeps;
*deployment* is what one `sam deploy` leaves in SAM's own bucket. *table* has its indexes in it, and the 100 bytes that DynamoDB
adds to each entry. Of the search index's growth beyond {SIZES[1]:,} posts the same holds as above.
"""


def _assumptions(bills: Bills) -> str:
    profile, measured = bills.measured["profile"], bills.measured
    picture = measured["pictures"]["usual"]
    merged = measured["power"]["merged"]
    rows = [
        ["a post's file", f"{profile['bytes']:,.0f} bytes; the median {profile['median_bytes']:,.0f}", "measured"],
        ["its text", f"{profile['characters']:,.0f} characters", "measured"],
        ["posts with pictures", f"{profile['share_with_pictures']:.1%}, of {profile['pictures']:.2f} on average", "measured"],
        ["a picture", f"0.5 megapixels, JPEG, {picture['fetched']:,} bytes; thumbnails of {picture['written']:,} bytes", "drawn"],
        ["waiting for a picture's host", f"{FETCH_SECONDS:g} s", "assumed"],
        ["waiting for a call to AWS", f"{1000 * WAIT_SECONDS:g} ms, one after another", "assumed"],
        ["reading from S3 into Lambda", f"{BANDWIDTH / 1e6:g} MB/s", "assumed"],
        [
            "a processor",
            f"that of the machine above; a function has its memory's part of {constant('vcpu_megabytes'):.0f} MB, one at most",
            "AWS's",
        ],
        [
            "an invocation's log",
            f"its own lines as measured, and {PLATFORM_BYTES} bytes of Lambda's; {ACCESS_BYTES} of a request to the API",
            "counted",
        ],
        ["traces", "one an invocation: X-Ray takes them all up to one a second, and a twentieth of the others", "the most"],
        [
            "cold starts",
            f"{COLD_STARTS_A_DAY} a day of query, search and count; each run of retry and reconcile; each of posts one by one",
            "assumed",
        ],
        [
            "merges of the index",
            f"a post is indexed {MERGES} times more, as fast as {merged:,} posts in the largest merge",
            "measured",
        ],
        ["metrics of its own", f"{sum(HOURLY.values())} in use, in each hour, beside those of the schedules", "the most"],
        ["posts' versions", "one each", "assumed"],
        ["readers' caches", "none: every request comes to the API", "the most"],
    ]
    return f"""## What it rests on

{table(["what", "is taken to be", ""], rows)}
Time of parse, render and index is that of the average post, with or without pictures. Left out: looking at the dashboard and at
logs, e-mail of alarms, the reader's own lookups of names, KMS (there are no keys of a customer's), exports, and whatever else
is in the account.
"""


def _prices() -> str:
    rows = [
        [
            price.label,
            f"${price.dollars:.10f}".rstrip("0").rstrip(".") + ("" if price.per == 1 else f" for {price.per:,.0f}"),
            str(price.as_of or "undated"),
            price.page + (f"; not checked there, but in {price.stored}" if price.stored else ""),
        ]
        for price in prices().values()
    ]
    return f"""## The prices

{table(["", "price", "as of", "page"], rows)}"""


def _by_line(heads: Sequence[str], columns: Sequence[Amounts]) -> str:
    """Dollars by item, those that cost anything, and their sum."""
    priced = [dollars(column) for column in columns]
    rows = [
        [prices()[name].label, *(money(column.get(name, 0.0)) for column in priced)]
        for name in prices()
        if any(column.get(name, 0.0) for column in priced)
    ]
    return table(heads, [*rows, ["**together**", *(f"**{money(sum(column.values()))}**" for column in priced)]])


def _dominating(amounts: Amounts) -> str:
    found = sorted(dollars(amounts).items(), key=lambda item: -item[1])[:_FEW]
    whole = total(amounts)
    return ", ".join(f"{prices()[name].label} {cost / whole:.0%}" for name, cost in found)


def _megabytes(size: float) -> str:
    return f"{size / GIGABYTE:,.1f} GB" if size >= GIGABYTE else f"{size / 1e6:,.1f} MB"
