"""Members of staff, and the passwords of visitors: who somebody is, proven without giving anything away."""
