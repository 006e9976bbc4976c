"""The API server: one pipeline from request to store, and what each kind does in it. No HTTP here."""
