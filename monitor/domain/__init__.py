"""What our words mean. Imports nothing else of ours."""
