"""Microsoft's cloud, as far as this app sees it, emulated in one process under its real host names."""
