"""Trained models: loading, generating, describing, exporting and importing."""
