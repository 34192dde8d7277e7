"""Put the files of a new image into the volumes that the proxy serves.

The engine fills a volume from an image only once, when the volume is new.
"""
