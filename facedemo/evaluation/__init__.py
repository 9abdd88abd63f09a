"""How good a model is: whether a face recogniser accepts its faces, how varied they are, how near to real ones."""
