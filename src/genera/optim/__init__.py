"""Optimisers and averages of weights."""
