"""OCPP-J without I/O: typed payloads, frames, and one end of a connection. See README.md."""
