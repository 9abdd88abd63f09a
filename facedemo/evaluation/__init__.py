"""How good a model is: detection, identity, distance, attributes, and the report in numbers and words."""
