"""Who may open which page, and which visits leave a line in the log of reads: one table.

A page without a row answers nobody, and a test compares the table with the routes. Which units a
person reads is checked where the unit is looked up (`access.units`).
"""

from services.scoring.access.permissions import EVERY_ROLE, OPEN, Permission, of_units

PAGES = {
    # signing in
    "GET /": OPEN,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "POST /sign-out": OPEN,
    "GET /language/{language}": OPEN,
    # the overview of a year
    "GET /years": Permission(EVERY_ROLE),
    "GET /years/{year}": of_units("ratings"),
}
