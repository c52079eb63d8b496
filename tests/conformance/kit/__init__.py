"""What cases are written with. Imports neither our codec nor a product."""
