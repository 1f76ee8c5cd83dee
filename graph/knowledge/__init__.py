"""Documents: read, cut into passages, found, quoted and held against answers."""
