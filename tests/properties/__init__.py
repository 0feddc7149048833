"""What must hold of any pool, tried on random ones."""
