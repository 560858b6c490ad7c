"""The nouns: columns, names, addresses, times, verdicts, errors. Imports nothing of ours."""
