"""Where charge points connect: from the socket to the rows, and from a command to the wire."""
