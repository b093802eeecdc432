"""Boarding and plans by year: the question, the ways side by side, beds, homes, buses, and what opens when."""
