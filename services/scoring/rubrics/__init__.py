"""What a rubric says, and its files; pure but for the loader."""
