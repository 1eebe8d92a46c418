"""What the gates of the infrastructure read: Bicep, the management models, queries, the code's own facts.

Nothing here decides what is right; tests/infra does.
"""
