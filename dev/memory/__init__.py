"""The storage in memory: its rules, and faults from a seed."""
