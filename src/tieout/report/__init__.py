"""What people read: the state of the ledger, T-accounts, tables, pictures, exports. Read-only, every figure from one snapshot."""
