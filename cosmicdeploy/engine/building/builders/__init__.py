"""The three builders of images; `choice.py` selects the one for a build.

These are BuildKit inside the engine, BuildKit through `docker buildx`, and the classic builder.
"""
