"""The database of a workspace: SQLAlchemy Core on SQLite, with PostgreSQL in mind: nothing is tested there."""
