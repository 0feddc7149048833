"""What each alert means, how to check it, and what to do: one file an alert, by its name."""
