"""What rig runs inside an environment to find out whether it works. Standard library, and torch where it is there."""
