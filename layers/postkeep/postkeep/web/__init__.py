"""HTTP APIs. Pure, but for what answers: the routes of the functions that use it, whose packages bring msgspec, which is not pure
Python as all in the layer is.
"""
