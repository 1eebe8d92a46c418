"""Measures the qualities that have a goal."""
