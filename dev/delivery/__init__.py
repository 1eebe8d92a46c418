"""What leaves the repository: the package."""
