"""The page of a run: one HTML file that needs nothing else, for `report` and after a deploy.

HTML and SVG are made as elements of the standard library's ElementTree, which escapes every text.
The plots are few bars and lines, so a library for plots would be larger than the code here, and
most draw by a script or embed fonts.
"""
