"""The curve of what more schools bring, plans nearly as good, and what each site does."""
