"""What the app finds out about its tenant, judged: pure, from what was read to what it means."""
