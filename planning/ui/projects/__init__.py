"""Projects in the browser: the list, a project's sources, its columns, and the check."""
