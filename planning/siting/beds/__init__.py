"""Boarding: seats and beds, day or week, and what stands against it."""
