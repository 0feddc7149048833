"""What survives a restart, in one SQLite file: the alerts' memory, the outbox, silences, last facts, the audit."""
