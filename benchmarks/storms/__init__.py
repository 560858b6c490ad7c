"""Frames of name servers at speed: everyday traffic, floods of subdomains, storms of domains."""
