"""The operators' command line. It knows the app's HTTP contract, and of the product's code only vocabulary.

Installed alone it needs httpx and rich, azure-identity where a sign-in is asked for, and standardwebhooks
where pushes are signed. The app never imports it.
"""
