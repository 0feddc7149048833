"""What is deployed beside the monitor: dashboards and rules, and the code that makes them."""
