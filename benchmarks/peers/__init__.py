"""What runs beside unflux: other programs, and a decoder in C as the limit."""
