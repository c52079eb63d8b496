"""Real server processes, real sockets, loopback only."""
