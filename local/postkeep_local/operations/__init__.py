"""What operating an archive takes: which one it is, its dead letters, its state, recovery."""
