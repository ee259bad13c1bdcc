"""One module for each optimiser; `catalogue` names them all."""
