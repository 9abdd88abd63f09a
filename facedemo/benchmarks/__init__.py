"""How fast things are here and now: each benchmark measures against a named alternative or a stated limit."""
