"""Amounts that AWS charges for, of what is done with an archive, from what bench/counting.py measured.

Each function gives amounts by the names of prices.toml; bench/costs.py makes dollars of them. What was measured of archives of
1,000 and 50,000 posts is taken to grow on as between them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.assumptions import (
    COLD_STARTS_A_DAY,
    COUNTED_ANEW,
    DAYS,
    EVERY,
    FETCH_SECONDS,
    GIGABYTE,
    HOURLY,
    MERGES,
    MIX,
    PLATFORM_BYTES,
    PLATFORM_LINES,
    POSTS_A_DAY,
    QUERIES_A_DAY,
)
from bench.charges import amount, grown, logged, polled, requested, watching
from bench.costs import Amounts, added, constant, duration, running, times
from bench.counting import SIZES
from bench.serving import BANDWIDTH

from search_posts.merging import FULL
from support.template import resource


def logical(name: str) -> str:
    """A function's name in the template."""
    return f"{name.capitalize()}Function"


def memory(name: str) -> float:
    """A function's memory in MB."""
    return float(resource(logical(name))["Properties"]["MemorySize"])


@dataclass(frozen=True, slots=True)
class Bills:
    """What was measured, and the memory that the functions have.

    Attributes:
        measured: what bench/counting.py gave.
        memory: a function's, in MB.
    """

    measured: Mapping[str, Any]
    memory: Callable[[str], float] = memory

    def kind(self, name: str, kind: str) -> Mapping[str, Any]:
        """What was measured of a kind of invocation."""
        found: Mapping[str, Any] = self.measured["power"]["found"][logical(name)][kind]
        return found

    def invoked(self, name: str, log: Mapping[str, Any], seconds: float, invocations: float = 1.0) -> dict[str, float]:
        """What invocations cost besides their calls: time, logs and traces.

        Args:
            name: of the function.
            log: ``log`` bytes and ``lines`` of an invocation.
            seconds: that all of them run.
            invocations: how many.
        """
        disk = float(resource(logical(name))["Properties"].get("EphemeralStorage", {}).get("Size", 0))
        written = log["log"] + PLATFORM_BYTES + (log["lines"] + PLATFORM_LINES) * constant("log_event_bytes")
        return added(
            running(self.memory(name), seconds, invocations, disk),
            logged(written * invocations),
            {"traces": invocations},
        )

    def cold(self, name: str, number: float = 1.0) -> dict[str, float]:
        """What cold starts add."""
        init = self.measured["power"]["started"][logical(name)]["init"]
        disk = float(resource(logical(name))["Properties"].get("EphemeralStorage", {}).get("Size", 0))
        return running(self.memory(name), duration(self.memory(name), init, 0) * number, 0, disk)

    # ---- Posts ---------------------------------------------------------------------------------------------------------

    def post(self, content: str, happened: str = "new", way: str = "at once") -> dict[str, float]:
        """What one post costs until it can be found; its pictures apart.

        Args:
            content: ``text``, or ``pictures`` for a post with pictures.
            happened: of :data:`bench.per_post.KINDS`.
            way: ``at once``, in batches that are full, or ``one by one``, each of them meeting functions that must start first.
        """
        used = self.measured["ingest"][way][content][happened]
        parts: list[Amounts] = [used["amounts"]]
        if happened != "deleted":
            parts.append({"s3-put-requests": 1.0})  # the upload
        for name, (kind, of) in {"parse": ("a post", 1), "render": ("5 posts", 5), "index": self._indexed(way)}.items():
            one, invocations = self.kind(name, kind), used["invocations"].get(name, 0.0)
            if not invocations:
                continue
            cpu = one["cpu"] / of + (self.merging() if name == "index" else 0.0)
            seconds = duration(self.memory(name), cpu, used["calls"][name])
            parts.append(self.invoked(name, one, seconds, invocations))
            if way == "one by one":
                parts.append(self.cold(name, invocations))
        return added(*parts)

    @staticmethod
    def _indexed(way: str) -> tuple[str, int]:
        return ("100 posts", 100) if way == "at once" else ("a post", 1)

    def merging(self) -> float:
        """Seconds of CPU a post that the larger merges take."""
        merge, plain = self.kind("index", "a post, and the largest merge"), self.kind("index", "a post")
        return float(MERGES * (merge["cpu"] - plain["cpu"]) / self.measured["power"]["merged"])

    def picture(self, way: str = "usual") -> dict[str, float]:
        """What a new picture costs.

        Args:
            way: ``usual``, ``with AVIF``, or ``with originals``.
        """
        used = self.measured["pictures"][way]
        one = self.kind("thumbnail", "0.5 MP JPEG, with AVIF" if way == "with AVIF" else "0.5 MP JPEG")
        seconds = duration(self.memory("thumbnail"), one["cpu"], used["calls"], FETCH_SECONDS)
        return added(used["amounts"], self.invoked("thumbnail", one, seconds))

    def illustrated(self, happened: str = "new", way: str = "at once") -> dict[str, float]:
        """What a post with the average number of pictures costs, all of them new."""
        number = self.measured["profile"]["pictures"]
        cold = [self.cold("thumbnail")] if way == "one by one" else []
        return added(self.post("pictures", happened, way), times(self.picture(), number), *cold)

    def average(self, way: str) -> dict[str, float]:
        """What the average new post costs: some have pictures, some have none."""
        part = self.measured["profile"]["share_with_pictures"]
        return added(times(self.illustrated("new", way), part), times(self.post("text", "new", way), 1 - part))

    # ---- Readers -------------------------------------------------------------------------------------------------------

    def query(self, kind: str, posts: int) -> dict[str, float]:
        """What one request costs a function that is warm.

        Args:
            kind: of :data:`MIX`.
            posts: in the archive.
        """
        name = "search" if kind == "a search" else "query"
        if kind == "a search":
            gets = grown(self.measured["indexes"], lambda found: found["warm"]["gets"], posts)
            used: Mapping[str, Any] = {"calls": gets, "amounts": {"s3-get-requests": gets}}
        elif kind == "a thumbnail":
            used = {"calls": 1, "amounts": {"s3-get-requests": 1.0}}
        else:
            # What an answer reads does not grow, see docs/decisions/0002-key-schema.md; measured at both sizes.
            used = self.measured["queries"][kind][str(SIZES[-1] if posts >= SIZES[-1] else SIZES[0])]
        one = self.kind(name, kind)
        seconds = duration(self.memory(name), one["cpu"], used["calls"])
        return added(used["amounts"], self.invoked(name, one, seconds), requested(one["answer"]))

    def mixed(self, posts: int) -> dict[str, float]:
        """What a thousand requests of :data:`MIX` cost functions that are warm."""
        return added(*(times(self.query(kind, posts), number) for kind, number in MIX.items()))

    def cold_search(self, posts: int) -> dict[str, float]:
        """What the first search of a new instance adds: it starts, and reads the index or as much of it as its disk holds."""
        size = self.index_bytes(posts)
        few = max(found["segments"] for found in self.measured["indexes"].values())
        gets = 1 + max(few, size / FULL)  # the manifest, and segments that are as large as they get
        space = float(resource("SearchFunction")["Properties"]["Environment"]["Variables"]["SEARCH_SPACE_BYTES"])
        # After the function's time is over, the next request goes on with what was read.
        seconds = min(size, space) / BANDWIDTH
        disk = float(resource("SearchFunction")["Properties"]["EphemeralStorage"]["Size"])
        reading = running(self.memory("search"), seconds, 0, disk)
        return added({"s3-get-requests": gets}, reading, self.cold("search"))

    def index_bytes(self, posts: int) -> float:
        """Of the search index."""
        return grown(self.measured["indexes"], lambda found: found["bytes"], posts)

    # ---- What runs by itself -------------------------------------------------------------------------------------------

    def scheduled(self, run: str, posts: int) -> dict[str, float]:
        """What one run costs.

        Args:
            run: ``count, nothing``, ``count, a change``, ``count, everything``, ``retry, nothing`` or ``reconcile``.
            posts: in the archive.
        """
        name = run.partition(",")[0]
        found = self.measured["scheduled"][run]
        if name == "retry":
            amounts, calls = found["amounts"], found["calls"]
        else:
            keys = found[str(SIZES[0])]["amounts"]
            amounts = {key: grown(found, amount(key), posts) for key in keys}
            calls = grown(found, lambda one: one["calls"], posts)
        one = self.kind(name, {"count": "nothing new", "retry": "nothing due"}.get(name, "an archive that agrees"))
        seconds = duration(self.memory(name), self.walked(run, posts), calls)
        timeout = float(resource(logical(name))["Properties"]["Timeout"])
        invocations = max(1.0, seconds / timeout)  # what takes longer is gone on with by further ones
        return added(amounts, self.invoked(name, one, seconds, invocations))

    def lasting(self, run: str, posts: int) -> float:
        """How long a run takes, by the time that an invocation of it has."""
        name = run.partition(",")[0]
        seconds = self.scheduled(run, posts)["lambda-gigabyte-seconds"] * 1024 / self.memory(name)
        return float(seconds / resource(logical(name))["Properties"]["Timeout"])

    def walked(self, run: str, posts: int) -> float:
        """Seconds of CPU that a run takes."""
        power, found = self.measured["power"], self.measured["scheduled"][run]
        match run:
            case "reconcile":
                few, many = (self.kind("reconcile", kind) for kind in ("a small archive that agrees", "an archive that agrees"))
                return float(few["cpu"] + (many["cpu"] - few["cpu"]) / power["records"] * posts)
            case "count, everything":
                # Each step goes over all that was counted before it: a part grows with the square.
                small, large = (found[str(size)]["cpu"] / size for size in SIZES)
                square = max(0.0, (large - small) / (SIZES[1] - SIZES[0]))
                return float(self.kind("count", "everything anew")["cpu"] / power["records"] * posts + square * posts**2)
            case "count, a change":
                own = grown(found, lambda one: one["cpu"], posts)
                return float(self.kind("count", "nothing new")["cpu"] + own)
            case "count, nothing":
                return float(self.kind("count", "nothing new")["cpu"])
        return float(self.kind("retry", "nothing due")["cpu"])

    def schedules(self, posts: int, changes: float = 0.0) -> dict[str, float]:
        """A month of runs.

        Args:
            posts: in the archive.
            changes: runs of count a day that meet a change.
        """
        runs = {
            "count, nothing": EVERY["count"] - changes,
            "count, a change": changes,
            "count, everything": COUNTED_ANEW,
            "retry, nothing": EVERY["retry"],
            "reconcile": EVERY["reconcile"],
        }
        # Of retry and reconcile each run meets no instance that is still there; of count one an hour.
        starts = {"count": COLD_STARTS_A_DAY, "retry": EVERY["retry"], "reconcile": EVERY["reconcile"]}
        return added(
            *(times(self.scheduled(run, posts), number * DAYS) for run, number in runs.items()),
            *(self.cold(name, number * DAYS) for name, number in starts.items()),
            {"schedule-invocations": sum(EVERY.values()) * DAYS},
        )

    # ---- What is there -------------------------------------------------------------------------------------------------

    def stored(self, posts: int) -> dict[str, float]:
        """Bytes, by kind."""
        profile = self.measured["profile"]
        part = profile["share_with_pictures"]
        kinds = self.measured["ingest"]["at once"]

        def each(name: str) -> float:
            with_them, without = (kinds[content]["new"]["stored"][name] for content in ("pictures", "text"))
            return float(part * with_them + (1 - part) * without)

        return {
            "posts": profile["bytes"] * posts,
            "texts": each("texts") * posts,
            "thumbnails": part * profile["pictures"] * self.measured["pictures"]["usual"]["written"] * posts,
            "search index": self.index_bytes(posts),
            "counts": grown(self.measured["scheduled"]["count, everything"], lambda one: one["kept"], posts),
            "deployment": float(self.measured["packages"]),
            "table": each("table") * posts,
        }

    def storage(self, posts: int) -> dict[str, float]:
        """A month of what lies there."""
        found = self.stored(posts)
        table = found.pop("table") / GIGABYTE
        return {
            "s3-gigabytes": sum(found.values()) / GIGABYTE,
            "dynamodb-storage-gigabytes": table,
            "dynamodb-recovery-gigabytes": table,
        }

    def idle(self, posts: int) -> dict[str, float]:
        """A month in which nobody puts a post and nobody reads; without alarms but those of dead letters."""
        return added(self.storage(posts), self.schedules(posts), polled(), watching(topic=False))

    def typical(self, posts: int) -> dict[str, float]:
        """A month with :data:`POSTS_A_DAY` new posts, each by itself, and :data:`QUERIES_A_DAY` of the mix."""
        return added(
            self.storage(posts),
            self.schedules(posts, changes=POSTS_A_DAY),
            polled(),
            watching(topic=False),
            {"metrics": float(sum(HOURLY.values()))},
            times(self.average("one by one"), POSTS_A_DAY * DAYS),
            times(self.mixed(posts), QUERIES_A_DAY / sum(MIX.values()) * DAYS),
            self.cold("query", COLD_STARTS_A_DAY * DAYS),
            times(self.cold_search(posts), COLD_STARTS_A_DAY * DAYS),
        )
