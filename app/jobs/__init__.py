"""Work that no visitor waits for, queued in the same database."""
