"""The visitor's chat page: Chainlit, with our rendering, our records and our doors around it."""
