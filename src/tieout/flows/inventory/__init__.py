"""Inventory: what the warehouse moved and counted against what the ERP posted and states."""
