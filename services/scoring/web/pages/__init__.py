"""The pages, a module each, named as its template and its route."""
