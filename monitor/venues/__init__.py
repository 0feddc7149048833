"""One room per venue: its words (codec, answers), what backs what (margin), and how it is asked (session)."""
