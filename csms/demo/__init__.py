"""A central system to look at: a site, charge points that charge, and somebody who may log in."""
