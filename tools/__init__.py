"""Tools that a model may call, one a file."""
