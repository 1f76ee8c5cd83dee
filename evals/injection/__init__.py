"""What the injection screens learn from, and how they are fitted."""
