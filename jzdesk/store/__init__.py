"""The only floor that opens a database: engine, unit of work, journal capture, search index, key slots."""
