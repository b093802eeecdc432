"""Cost tables as they are given, dense or sparse, cut down to what a question needs."""
