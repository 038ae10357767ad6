"""What a check of a seal says: sentences for the command and the page, no check itself."""
