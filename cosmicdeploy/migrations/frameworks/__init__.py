"""Frameworks as data: how each is asked what is pending, how it runs and goes back.

`definition.py` is the model of a framework's file, `framework.py` interprets it, and `reading.py`
finds it. The files of the known frameworks are beside this one.
"""
