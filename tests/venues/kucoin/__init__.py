"""KuCoin's words: frames, answers, descriptions."""
