"""Who works here: accounts, what each may do and see, how they sign in, and the record of everything they did. No page, no HTTP."""
