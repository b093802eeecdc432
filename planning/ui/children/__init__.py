"""Children of coming years and their ways to school: what is computed, charts, tables and maps of the page."""
