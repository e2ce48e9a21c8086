"""Delivers: commands, sockets, and in `pages` what goes over HTTP. The only package that reads the environment."""
