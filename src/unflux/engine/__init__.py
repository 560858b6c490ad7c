"""DuckDB or Spark behind one Ibis connection, and the store."""
