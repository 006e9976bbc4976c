"""Small things: one mechanism each, against the least that Python needs for it."""
