"""Many seeded histories of the whole app on a fast clock, and what must be true of each."""
