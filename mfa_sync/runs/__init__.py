"""Runs: a sweep or a big push, cut into steps that survive anything."""
