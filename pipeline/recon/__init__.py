"""Reconnaissance: what was watched, what was not, and where to look next."""
