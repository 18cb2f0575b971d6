"""What travels between stations: packages, keys and certificates, merge, receipts."""
