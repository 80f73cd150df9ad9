"""Recipes and configs: find, parse, check against the registry of allowed classes, and build."""
