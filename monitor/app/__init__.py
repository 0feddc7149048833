"""Everything that makes a running daemon of the rooms: configuration, inbox, supervision, wiring, logging, clock."""
