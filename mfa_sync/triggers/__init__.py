"""What wakes the program: each trigger only translates between the Functions library and the work."""
