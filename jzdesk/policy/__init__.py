"""What a pupil is entitled to and why: values in, decisions with reasons out; no database, no today."""
