"""Act: proposals from verdicts and networks, one gate, and what real systems load."""
