"""The HTTP contract as an OpenAPI document, put together from the code's own words: it cannot drift."""
