"""retry: pictures whose next try is due are asked for again."""
