"""How messages get to people: queues, retries, rate limits, ways round, signs of life."""
