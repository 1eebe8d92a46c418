"""What operators run on their own machines; never deployed."""
