"""Requests made up from the OpenAPI document, right ones and wrong ones, against the local stack."""
