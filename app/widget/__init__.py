"""The widget on other people's websites: visitor tokens, its endpoints, and the script that draws it."""
