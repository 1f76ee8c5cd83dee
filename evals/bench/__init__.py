"""How fast and how large Parley is, measured on a running product in a temporary folder."""
