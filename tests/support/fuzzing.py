"""A check of schemathesis's, for what its own ones let pass: ``support.fuzzed`` has it loaded, from the other environment."""

import schemathesis

_UNSAID = frozenset({"cursor-invalid", "date-invalid", "month-invalid", "part-of-html", "query-invalid"})
"""The kinds of problems that a request can have which is as the document wants it: a cursor is signed, dates have a calendar, a
month needs its year, HTML is not given in parts, and a search has a language of its own. No schema can say these."""


@schemathesis.check  # type: ignore[untyped-decorator] # it is in the other environment
def tells_what_no_schema_can_say(
    _context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """A good request is only refused for what the document could not have told."""
    if response.status_code == 400 and case.meta and case.meta.generation.mode.is_positive:
        kind = response.json()["type"].rpartition(":")[2]
        assert kind in _UNSAID, f"the document allows what is refused as {kind}: {response.json()['detail']}"
