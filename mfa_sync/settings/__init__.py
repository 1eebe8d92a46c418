"""What the organisation configured, and the ways out of the process."""
