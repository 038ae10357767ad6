"""What the pages of all services share: sites, sessions, forms, formats and style; no page."""
