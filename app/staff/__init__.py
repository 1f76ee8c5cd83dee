"""The pages at /staff."""
