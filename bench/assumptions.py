"""What docs/cost.md assumes, and what it takes from elsewhere; the page says all of it."""

DAYS = 30
"""Of a month."""

POSTS_A_DAY = 100
QUERIES_A_DAY = 1_000

MIX = {"list 20": 300, "a post": 250, "its text": 150, "a thumbnail": 150, "a search": 100, "Atom feed": 50}
"""Of a thousand requests: an assumption."""

COLD_STARTS_A_DAY = 24
"""Of query and of search each: an assumption. One instance serves a thousand requests a day, and is replaced once an hour."""

PLATFORM_LINES = 3
PLATFORM_BYTES = 350
"""Of an invocation's log lines START, END and REPORT, with the trace's id.

Source: AWS Lambda Developer Guide, «Viewing CloudWatch logs»."""

ACCESS_BYTES = 230
"""Of a request's line in the API's own log, as template.yaml has it."""

FETCH_SECONDS = 0.5
"""For which a picture's host is waited for: an assumption."""

MERGES = 3
"""How often a post is indexed again by merges that the measurement of single commits does not reach: classes of segments from
1 MB to 64 MB, see search_posts.merging."""

GIGABYTE = 1e9

EVERY = {"count": 24 * 12, "retry": 24 * 4, "reconcile": 1}
"""Runs a day, by the defaults of CountSchedule, RetrySchedule and ReconcileSchedule."""

COUNTED_ANEW = 1 / 7
"""How often a day count begins anew: count_posts.counting.RECOUNT."""

HOURLY = {"parse": 1, "render": 1, "index": 1, "thumbnail": 2, "query": 1, "search": 1}
"""Metrics of its own that a function in use has in nearly every hour: PostsRecorded, PostsRendered, PostsIndexed,
PicturesReady and PicturesFailed, ApiRequests. It is the most, since an archive that gets nothing at night has none then."""
