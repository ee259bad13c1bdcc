"""Black boxes and learning curves that are formulas."""
