"""The worst-off, the tail beyond a limit, and how evenly resources are spread."""
