"""The paper's model: an auto-encoder discriminator, held in balance with the generator by γ."""
