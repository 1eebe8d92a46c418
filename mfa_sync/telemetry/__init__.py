"""What is logged and measured, and by which names."""
