"""Simulated pools of agents, whose truth is known."""
