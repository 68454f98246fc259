"""The database of a workspace: SQLAlchemy Core on SQLite here, PostgreSQL for a team."""
