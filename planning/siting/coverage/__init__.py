"""Schools within a limit: most pupils covered, fewest schools, nearest farthest child."""
