"""Decides: what may happen to a question, and who may make it happen."""
