"""PostgreSQL: the engine, the tables, and one module of queries per subject."""
