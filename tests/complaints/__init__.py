"""What other tools got wrong, one test a complaint."""
