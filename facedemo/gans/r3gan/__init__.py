"""R3GAN (Huang, Gokaslan, Kuleshov, Tompkin 2024, arXiv:2501.05441)."""
