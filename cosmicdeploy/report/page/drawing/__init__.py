"""Draw tracks and plots as inline SVG, by pure functions.

Horizontal positions are percentages and vertical ones pixels, so that a drawing fills its place and
its text keeps its size, on a wide screen as on a phone.
"""
