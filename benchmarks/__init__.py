"""How fast, how small: a limit and the product measured side by side, row by row; never a gate for a test run."""
