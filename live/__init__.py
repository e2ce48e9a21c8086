"""Delivers: pages, commands, sockets. The only package that reads the environment."""
