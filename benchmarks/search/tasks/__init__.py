"""Black boxes with learning curves; `catalogue` says which to choose constants on, and which to verify on."""
