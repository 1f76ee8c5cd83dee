"""Sites: what their owners set, and how every part of a process learns of it."""
