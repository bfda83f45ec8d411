"""Analyses that outlive every process: a ledger in the store's database, and who works it off."""
