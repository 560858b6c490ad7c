"""Compiled passes over a block of text: where its parts lie, and what the plain ones say.

A part is a span: the offsets of its first octet and of the one behind its last. What a pass does
not understand it leaves to the interpreted reader, value by value or line by line.
"""
