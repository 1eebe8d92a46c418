"""What the HTTP routes do: one use case a file."""
