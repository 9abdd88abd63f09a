"""The Inside page: the discriminator's reconstruction, and the search for a face in latent space."""
