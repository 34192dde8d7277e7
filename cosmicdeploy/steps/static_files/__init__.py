"""Static files: volumes that the proxy serves, and that hold files of the application's image.

The engine fills a volume from an image only once, when the volume is new. So a deploy puts the
files of the new image into it.
"""
