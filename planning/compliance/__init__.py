"""What the rules say of every school, village and plan: balance of resources, sizes, service, staff, and the ledger."""
