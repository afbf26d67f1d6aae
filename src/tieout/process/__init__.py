"""How things really go: an event log kept in step with the ledger, and maps of it. What is owed is no matter of this package.

A *model* is a kind of business transaction; a *case* is one of them, named by the document it began with; a *step* is a statement that
was made about it; a *path* leads from one step to the next; a *variant* is the whole way of a case.
"""
