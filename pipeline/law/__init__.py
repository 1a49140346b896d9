"""The law: provisions that remember, an alert's lifecycle, ledgers, escalation. No clock, no I/O, no randomness."""
