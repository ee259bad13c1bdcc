"""Numbers behind the pictures, worked out once: for terminal, report and pages."""
