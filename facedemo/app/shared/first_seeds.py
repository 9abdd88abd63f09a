"""Seeds of the faces that pages show first, chosen by eye: clear and different faces of the bundled ours-64."""

GENERATE = 22
FILM = (11, 18)  # from and to
CORNERS = (11, 18, 30, 7)
FACE = 26  # of Directions, and the first one of a walk: both have the setting `seed`
INSIDE = (18, 30)
LESSON = 4
