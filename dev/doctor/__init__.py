"""docs/doctor.md's list of checks and facts, made from the code: `python -m dev.doctor` writes it anew."""
