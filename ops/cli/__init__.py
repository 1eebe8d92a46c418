"""The operators' command line. It knows the app's HTTP contract, and of the product's code only vocabulary.

It lies beside the app, so that a clone with its virtual environment is all that `mfa-sync` needs:
httpx and the standard library, and azure-identity where a sign-in is asked for. The app never imports it.
"""
