"""The pages of violations, a module each, named as its template; they call the interface alone."""
