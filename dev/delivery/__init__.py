"""What leaves the repository: the package, and the contract's document."""
