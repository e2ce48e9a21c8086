"""Remembers: the log of every session, who is who, and what each audience may see of it."""
