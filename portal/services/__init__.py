"""All writes, one module per aggregate. The actor is a parameter; nothing commits here."""
