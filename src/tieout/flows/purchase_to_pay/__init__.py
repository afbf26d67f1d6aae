"""Purchase to pay: what the vendor owes us after a purchase order, and what we owe the vendor."""
