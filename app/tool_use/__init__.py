"""The tools of a site in a turn: offered, called with the visitor's own values, entered before they change anything."""
