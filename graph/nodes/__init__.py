"""The steps of a turn, one a file: each reads the state, awaits one thing and returns what it adds."""
