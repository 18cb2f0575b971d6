"""名单比对: department lists held against the roll, their piles, and what a person decides about each line."""
