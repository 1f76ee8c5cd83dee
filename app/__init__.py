"""The edges of Parley: everything that a person or another program touches, and the place where it is put together."""
