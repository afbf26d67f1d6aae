"""PostgreSQL, the one store: embedded or named by URL, migrated here, spoken to by named SQL. No business rule lives here."""
