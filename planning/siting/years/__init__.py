"""A plan by year: what is built and closed when."""
