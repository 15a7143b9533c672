"""The memory settings, justified by what was measured: a section of docs/cost.md."""

from bench.bills import Bills, logical
from bench.costs import constant, prices, total
from bench.markdown import money, table
from bench.tuning import HALF, INIT_SECONDS, MARGIN, MEMORIES, PATIENCE, Size, Tuned, cases, tuned
from bench.wheels import FROM_SOURCE, PLATFORM

from support.template import resource

POSTS = 50_000
"""Of the archive that the sum is of."""

_HEADS = ("", "usually", "CPU", "calls", "at worst", "CPU", "to start", "peak", f"× {MARGIN}", "setting")


def section(bills: Bills) -> str:
    """The section."""
    found = [tuned(bills, case) for case in cases(bills.measured)]
    arm, x86 = prices()["lambda-gigabyte-seconds"].each, prices()["lambda-x86-gigabyte-seconds"].each
    wheels = bills.measured["wheels"]
    cheapest = {one.case.name: float(one.cheapest.memory) for one in found}
    cheap = Bills(bills.measured, cheapest.__getitem__)
    month, frugal = (money(total(one.typical(POSTS))) for one in (bills, cheap))
    put, cheaply = (money(POSTS * total(one.average("at once"))) for one in (bills, cheap))
    memories = sorted({*MEMORIES, *(one.setting for one in found)})
    return f"""## Memory

Each function as it is built, under Lambda's own runtime client, on real input: its processor time over many invocations, and
the most memory that it and its children held together, in any kind of invocation that was tried, the largest post that is taken
(5 MiB), 24 megapixels in AVIF and the largest merge of the index among them. Count and reconcile walk over
{bills.measured["power"]["records"]:,} posts at worst. *To start*: the processor's time until it asks for
its first event. The
machine had other work at the time, which makes processor time too long rather than too short.

{table(_HEADS, (_measured(bills, one) for one in found))}
A function with less than {constant("vcpu_megabytes"):.0f} MB has that part of a processor and takes so much longer; waiting
stays as long. Dollars of a million usual invocations, and how long one takes; **bold** as it is set; – where it does not fit,
that is, where the peak with its margin does not, where the worst case takes more than half of the timeout, or where starting
takes more than {INIT_SECONDS / HALF:g} s (half of what Lambda allows), {PATIENCE:g} s of query and search, which readers wait
for.

{table(["", *(f"{memory} MB" for memory in memories)], ([one.case.name, *_cells(one, memories)] for one in found))}
{"".join(f"- **{one.case.name}**, {one.setting} MB: {why(one)}{chr(10)}" for one in found)}
With the cheapest size that fits of each, a month in use of {POSTS:,} posts would cost {frugal} instead of {month}, and putting
them there {cheaply} instead of {put}.

**arm64** is {1 - arm / x86:.0%} cheaper a second than x86_64 in the price list. How fast the code is on it could not be
measured here, where the machine is an x86_64: the figures take it to be as fast. It may be up to {x86 / arm - 1:.0%} slower
before it costs more. All {sum(wheels.values())} packages in the {len(wheels)} locks of what is shipped have a wheel for arm64
({PLATFORM}), but for {", ".join(sorted(FROM_SOURCE))}, which is pure Python.
"""


def why(one: Tuned) -> str:
    """Why the setting is what it is."""
    now, cheapest = one.now, one.cheapest
    usual, worst, start = map(_time, (now.usual, now.worst, now.start))
    text = f"its usual invocation takes {usual}, its worst {worst} of {_timeout(one)} s, its start {start}"
    text += f": {one.reason}"
    if now.memory == cheapest.memory:
        return f"{text}."
    extra = money(now.dollars - cheapest.dollars)
    usual, worst, start = map(_time, (cheapest.usual, cheapest.worst, cheapest.start))
    return f"{text}. {cheapest.memory} MB would be {extra} cheaper a million, and take {usual}, {worst} and {start}."


def _timeout(one: Tuned) -> int:
    return int(resource(logical(one.case.name))["Properties"]["Timeout"])


def _measured(bills: Bills, one: Tuned) -> list[str]:
    usual, worst = (bills.kind(one.case.name, kind) for kind in (one.case.usual, one.case.worst))
    peak = one.peak / 2**20
    return [
        one.case.name,
        one.case.usual,
        f"{1000 * usual['cpu']:.1f} ms",
        f"{one.case.calls:.1f}",
        one.case.worst,
        _time(worst["cpu"]),
        _time(one.init),
        f"{peak:.0f} MB",
        f"{MARGIN * peak:.0f} MB",
        f"{one.setting} MB",
    ]


def _cells(one: Tuned, memories: list[int]) -> list[str]:
    by_memory = {size.memory: size for size in one.sizes}
    return [_cell(by_memory.get(memory), one.setting) for memory in memories]


def _cell(size: Size | None, setting: int) -> str:
    if size is None:
        return ""
    if not size.fits:
        return "–"
    text = f"{money(size.dollars)}, {_time(size.usual)}"
    return f"**{text}**" if size.memory == setting else text


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
