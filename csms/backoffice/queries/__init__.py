"""What the screens show, one module a screen. Each function costs a fixed number of queries."""
