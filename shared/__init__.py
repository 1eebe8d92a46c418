"""The idea of the product: what should happen to whom, without sockets, environment or Azure."""
