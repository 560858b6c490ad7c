"""Probe: checks of suspected agents, few and polite, under a scope."""
