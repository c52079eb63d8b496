"""What was asked of a charge point, from asked to answered to seen."""
