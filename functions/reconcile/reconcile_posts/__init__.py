"""reconcile: makes records, renditions and the posts bucket agree again where events or messages were lost."""
