"""Who may charge: id tokens and their groups."""
