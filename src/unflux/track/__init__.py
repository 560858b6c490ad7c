"""Track: suspects are asked for on their own rhythm; what that says of their network."""
