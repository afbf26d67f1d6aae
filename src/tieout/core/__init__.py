"""The functional core: facts in, entries, balances and findings out. No I/O, no clock, no randomness, ever."""
