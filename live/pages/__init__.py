"""What is answered over HTTP: pages and forms for people, files to take away, and the wire without a socket."""
