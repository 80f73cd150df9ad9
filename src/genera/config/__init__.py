"""Recipes and configs: found, parsed, checked against the list of what they may name, and built."""
