"""The work on exceptions: whose they are, what people do with them, and what comes of it. Nothing here closes one but the ledger."""
