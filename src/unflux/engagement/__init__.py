"""Engagement: what may be sent, to whom, how fast and how much; nothing active goes past it."""
