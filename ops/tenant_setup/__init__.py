"""What prepares a tenant for the app, run by an operator from a clone; never deployed."""
