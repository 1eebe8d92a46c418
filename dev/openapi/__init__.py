"""The HTTP contract as an OpenAPI document, made from the types and the words of the code: it cannot drift.

It is made here and kept as a file in the app, which serves it: the same for everybody, whatever the settings.
"""
