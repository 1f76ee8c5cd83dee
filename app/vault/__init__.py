"""A data key for each visitor, wrapped by a key of the site, wrapped by a master key from outside the database."""
