"""A plain, slow reference of the margin arithmetic, written from the definitions and not from the kernel."""
