"""What the commands do: they know every service; no rule of the domain is here."""
