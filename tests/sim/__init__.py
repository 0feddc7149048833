"""The simulators, asked by plain clients that share no code with the daemon."""
