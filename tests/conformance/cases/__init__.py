"""One module an area of the standard. Imports the kit only."""
