"""Proposals: the guided question, the wait for its answer, the curve, and the answer with its proof and reasons."""
