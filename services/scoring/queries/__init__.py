"""The reads in SQL; no rule and no write."""
