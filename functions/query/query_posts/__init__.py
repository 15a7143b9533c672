"""query: the HTTP API. It reads, and changes nothing."""
