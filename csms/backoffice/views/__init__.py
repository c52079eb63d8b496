"""The live screens, one module a screen, and the parts of them that are renewed by themselves."""
