"""One file a system that can be judged. Only these know a product."""
