"""Marketplace settlement: gross, fees, reserve and net are accounts of their own and never net against each other (rule 34)."""
