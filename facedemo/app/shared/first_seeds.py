"""Seeds of the faces that pages show first, chosen by eye: clear and different faces of the bundled ours-64."""

GENERATE = 14
FILM = (32, 49)  # from and to
CORNERS = (32, 49, 63, 46)
FACE = 17  # of Directions, and the first one of a walk: both have the setting `seed`
INSIDE = (31, 49)
LESSON = 21
