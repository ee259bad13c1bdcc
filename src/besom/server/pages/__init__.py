"""The dashboard in a browser: its files, its addresses, and the door that lets people in."""
