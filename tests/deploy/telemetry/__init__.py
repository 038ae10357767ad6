"""What the rules and dashboards ask for, and a run of them on a real Prometheus."""
