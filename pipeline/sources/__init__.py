"""Reading what others record: one source for each format, and the inputs that a user names."""
