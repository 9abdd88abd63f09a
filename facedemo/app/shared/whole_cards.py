"""Cards that can be clicked as a whole: containers whose key begins with `card-`, with one link or button."""

WHOLE_CARDS = """<style>
[class*="st-key-card-"] { position: relative; }
[class*="st-key-card-"]:hover { border-color: var(--accent); }
[class*="st-key-card-"] .stElementContainer { position: static; }
[class*="st-key-card-"] a { padding-left: 0; }
[class*="st-key-card-"] :is(a, button)::after { content: ""; position: absolute; inset: 0; z-index: 1; }
</style>"""
