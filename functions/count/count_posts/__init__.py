"""count: the change feed → how many posts there are of each kind."""
