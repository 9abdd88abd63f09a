"""Seeds of the faces that pages show first, chosen by eye: clear and different faces of the bundled ours-64."""

GENERATE = 59
FILM = (35, 24)  # from and to
CORNERS = (35, 24, 59, 68)
FACE = 2  # of Directions, and the first one of a walk: both have the setting `seed`
INSIDE = (35, 24)
LESSON = 21
