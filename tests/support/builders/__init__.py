"""Events, cities, desks and files that tests are made of."""
