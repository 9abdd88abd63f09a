"""The evaluation of a model: detection, identity, distance, attributes, and the report in numbers and words."""
