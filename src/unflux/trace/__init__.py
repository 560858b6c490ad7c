"""Motherships: what comes in to an agent, and where it goes on to."""
