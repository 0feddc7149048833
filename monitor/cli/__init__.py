"""The commands, one file each. Imports are lazy: `marginwatch --version` must not load the world."""
