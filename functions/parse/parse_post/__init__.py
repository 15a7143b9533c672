"""parse: one object of the posts bucket → one Post record."""
