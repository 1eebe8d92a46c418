"""The operators' command line. It knows the app's HTTP contract, and of the product's code only vocabulary.

Installed alone it needs httpx and rich, and azure-identity where a sign-in is asked for. The app never
imports it.
"""
