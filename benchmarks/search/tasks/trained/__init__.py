"""Small models that are really trained, by numpy alone: a curve is a training, made when it is asked for."""
