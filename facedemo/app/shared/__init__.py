"""Widgets and state that several pages share."""
