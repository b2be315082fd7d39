"""The database's history, one file a change; run by server.store.migrate."""
