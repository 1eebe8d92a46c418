"""The state of all workers in Azure storage, and what is kept there."""
