"""Models of repeat buying, spend and renewal: arrays in, maximum-likelihood estimates out. All rates are per week."""
