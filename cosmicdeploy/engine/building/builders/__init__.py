"""The ways to build an image. `choice.py` selects one; nothing else asks which it is."""
