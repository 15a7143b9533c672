"""HTTP APIs: routes, what they answer, and what holds for every answer.

The functions that use it bring msgspec, which is not pure Python as all in the layer is.
"""
