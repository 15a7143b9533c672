"""Fuzzing: what reads strangers' bytes, given bytes that are steered by the lines of ours that they reach.

``make fuzz`` runs the targets (:mod:`fuzz.targets`) under atheris, which is libFuzzer; ``make test`` gives them the kept inputs.
"""
