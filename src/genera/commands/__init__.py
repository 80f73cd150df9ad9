"""The commands: one module each, one typed function each, imported only when called."""
