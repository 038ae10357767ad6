"""What tests stand on: servers, processes, builders, machines; no test."""
