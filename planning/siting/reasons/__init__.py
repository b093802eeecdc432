"""Why there is no answer, and what would have to give."""
