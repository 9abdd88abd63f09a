"""Contrast in real Chromium: texts on every page, and the keyboard's focus, in the light and in the dark theme."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from facedemo.storage.atomic import append_line
from tests.app.compare.conftest import learned, new_race
from tests.app.conftest import PATIENT, in_a_browser
from tests.app.keyboard import NAME, settled
from tests.conftest import RunMaker

pytestmark = [in_a_browser, pytest.mark.slow]

PAGES = (  # what is clicked, and what is then on the page
    ("Generate", "Grid (PNG)"),
    ("Interpolate", "Film (MP4)"),
    ("Directions", "Light, colour and main differences"),
    ("Inside", "Better reconstructed than"),
    ("Into latent space", "Find them"),
    ("One step", "What the step changed"),
    ("Verify", "This model ships with an evaluation"),
    ("Compare", "Face-recognition results"),
    ("Race", "Start the race"),
    ("γ sweep", "Start the sweep"),
    ("Open", "The same race from the command line"),
    ("Train", "Start training"),
    ("Open", "metrics.csv"),
    ("Runs", "Find runs"),
)
UNFOLD = "() => document.querySelectorAll('details:not([open]) > summary').forEach((summary) => summary.click())"
# Whether the theme is in use, and all charts are drawn in it.
IN_USE = """(theme) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const background = (element) => getComputedStyle(element).backgroundColor;
  const isDrawn = (chart) =>
    chart.querySelector(".xtick") && background(chart.querySelector(".main-svg")) === background(app);
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  return getComputedStyle(app).colorScheme === theme && charts.every(isDrawn);
}"""
COLOURS = r"""
const numbers = (colour) => {
  if (!/^(rgba?\(|color\(srgb )/.test(colour)) throw new Error(`unknown form of a colour: ${colour}`);
  const [red, green, blue, alpha = 1] = colour.match(/-?[\d.]+(e-\d+)?/g).map(Number);
  const whole = colour.startsWith("color") ? 255 : 1;
  return [red * whole, green * whole, blue * whole, alpha];
};
const mix = (over, under, alpha) => under.map((value, index) => alpha * over[index] + (1 - alpha) * value);
const parentOf = (element) => element.parentElement ?? element.getRootNode().host;
const withParents = (element) => (element ? [...withParents(parentOf(element)), element] : []);
// An element and its ancestors, as far as they decide what is seen on it; remembered, because texts share most of them.
const known = new Map();
const layersOf = (element) => {
  if (!element) return [];
  if (!known.has(element)) {
    const { backgroundColor, backgroundImage, clip, clipPath, opacity, overflowX } = getComputedStyle(element);
    const layer = {
      background: numbers(backgroundColor),
      box: element.getBoundingClientRect(),
      isCut: overflowX !== "visible",
      isHidden: clipPath.startsWith("inset") || clip.startsWith("rect"),
      isPicture: backgroundImage !== "none",
      opacity: Number(opacity),
    };
    known.set(element, [...layersOf(parentOf(element)), layer]);
  }
  return known.get(element);
};
// An element that overflows may lie outside of its ancestor, and so of its background.
const liesOn = ({ left, right, top, bottom }, layer) => {
  const [x, y, box] = [(left + right) / 2, (top + bottom) / 2, layer.box];
  return layer.isCut || (box.left <= x && x <= box.right && box.top <= y && y <= box.bottom);
};
// What is seen in the middle of a box on an element, with ink of a colour there or without.
const seen = (element, box, ink) => {
  const paint = ([layer, ...above], under) => {
    if (!layer) return ink ? mix(ink, under, ink[3]) : under;
    const surface = liesOn(box, layer) ? mix(layer.background, under, layer.background[3]) : under;
    return mix(paint(above, surface), under, layer.opacity);
  };
  return paint(layersOf(element), [255, 255, 255]);
};
const luminance = (colour) => {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = colour.map((value) => linear(value / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const hex = (colour) => "#" + colour.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("");
"""
# The number of texts, and those that have too little contrast: AA asks for 4.5:1, and 3:1 for large texts and icons.
TEXTS = (
    "() => {"
    + COLOURS
    + r"""
  let count = 0;
  const faint = new Set();
  const isOff = 'label:has(:disabled), :disabled, [aria-disabled="true"]';
  const check = (text, element, ink, box) => {
    if (box.width <= 1 || box.height <= 1 || element.closest(isOff)) return;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return;
    if (layersOf(element).some(({ isHidden, isPicture }) => isHidden || isPicture)) return;
    const { fontFamily, fontSize, fontWeight } = getComputedStyle(element);
    const isLarge = parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);
    const [drawn, surface] = [seen(element, box, ink), seen(element, box)];
    const [ratio, least] = [contrast(drawn, surface), isLarge || fontFamily.includes("Material") ? 3 : 4.5];
    count += 1;
    const found = `${hex(drawn)} on ${hex(surface)}, ${ratio.toFixed(2)} < ${least}`;
    if (ratio < least) faint.add(`${text.slice(0, 40)}: ${found}`);
  };
  const checkText = (node) => {
    const [element, range] = [parentOf(node), document.createRange()];
    range.selectNodeContents(node);
    const { color, fill, fillOpacity } = getComputedStyle(element);
    const ink = numbers(element instanceof SVGElement ? fill : color);
    if (element instanceof SVGElement) ink[3] *= fillOpacity;
    check(node.data.trim(), element, ink, range.getBoundingClientRect());
  };
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE && node.data.trim()) checkText(node);
    if (node.matches?.("style, script, noscript")) return;
    if (node.matches?.("textarea, input:not([type=radio], [type=checkbox], [type=range], [type=file])")) {
      const { color } = getComputedStyle(node, node.value ? null : "::placeholder");
      const text = node.value || node.placeholder;
      if (text) check(text, node, numbers(color), node.getBoundingClientRect());
    }
    [...node.childNodes, ...(node.shadowRoot?.childNodes ?? [])].forEach(visit);
  };
  visit(document.body);
  return [count, [...faint]];
}"""
)
# Whether what had the focus before showed it: a line of 2 pixels and 3:1 that is no longer there.
FOCUS = (
    "() => {"
    + COLOURS
    + r"""
  const lines = (element, pseudo) => {
    const { outlineStyle, outlineWidth, outlineColor, outlineOffset, boxShadow } = getComputedStyle(element, pseudo);
    const shadows = boxShadow === "none" ? [] : boxShadow.split(/,(?![^(]*\))/).map((shadow) => {
      const [, colour, lengths] = shadow.match(/^\s*(\w+\([^)]*\))(.*)/);
      return [colour, parseFloat(lengths.match(/\S+px/g)[3]), lengths.includes("inset")];
    });
    const width = outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
    const outline = [outlineColor, width, parseFloat(outlineOffset) < 0];
    const box = element.getBoundingClientRect();
    return [outline, ...shadows].filter(([, width]) => width >= 2).filter(([colour, , inside]) => {
      const on = inside ? element : parentOf(element);
      return contrast(seen(on, box, numbers(colour)), seen(on, box)) >= 3;
    }).join(" ");
  };
  let focused = document.activeElement;
  while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  const marks = (element) => `${lines(element)} ${lines(element, "::before")}`;
  const isShown = window.marked?.some(([element, before]) => before.trim() && before !== marks(element));
  const layers = withParents(focused).slice(-8).filter((layer) => layer.checkVisibility({ opacityProperty: true }));
  window.marked = focused === document.body ? null : layers.map((layer) => [layer, marks(layer)]);
  return isShown ?? true;
}"""
)


@pytest.fixture(scope="module")
def reader(address: str, browser: Browser) -> Iterator[Page]:
    """One page for both themes: it takes less time, and a page must stay readable when the theme changes."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENT)
        yield page


def unfold(page: Page) -> None:
    settled(page)
    page.evaluate(UNFOLD)
    expect(page.locator("details:not([open])")).to_have_count(0, timeout=PATIENT)
    settled(page)


def use(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(IN_USE, arg=theme)


def faint_texts(page: Page) -> list[str]:
    """The texts that have too little contrast, and not only while colours change."""
    for _ in range(20):
        count, faint = page.evaluate(TEXTS)
        assert count > 20, "there is nothing to read"
        if not faint:
            break
        page.wait_for_timeout(100)
    return faint


def test_texts_have_enough_contrast_on_every_page_in_both_themes(
    address: str, reader: Page, home: Path, make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    sweep = new_race((0.3, 0.8))
    for number in range(2):
        learned(sweep, number)
    run = make_run("failed", state="failed")
    append_line(run.path / "marks.jsonl", {"step": 20, "changes": {"gamma": 0.6}})
    themes, problems = ["light", "dark"], []

    def check(place: str) -> None:
        for theme in themes:
            use(reader, theme)
            problems.extend(f"{place}, {theme}: {text}" for text in faint_texts(reader))
        themes.reverse()  # the next page is first drawn in the theme that is in use

    def open_by(words: str, expected: str) -> None:
        reader.get_by_text(words, exact=True).first.click()
        reader.get_by_text(expected).first.wait_for()
        unfold(reader)
        if words == "Open":
            reader.locator(".nsewdrag").first.hover()
            reader.locator(".hoverlayer text").first.wait_for()
        check(words)

    reader.goto(address)
    reader.get_by_role("button", name=re.compile("^Face 16,")).wait_for()
    unfold(reader)
    check("Home")
    open_by("Learn", "8. Is it copying?")
    for number in range(1, 9):
        reader.get_by_role("button", name=re.compile(r"^(1\. |Next lesson: )")).click()
        reader.get_by_text(f"Lesson {number} of 8").wait_for()
        settled(reader)
        reader.get_by_test_id("stRadioOption").first.click()
        reader.get_by_text(re.compile("^That is right|^Answer: ")).wait_for()
        unfold(reader)
        check(f"lesson {number}")
    for words, expected in PAGES:
        open_by(words, expected)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("place", "button"), [("", "Watch one learn"), ("train", "Start training")])
def test_the_focus_is_seen_on_every_control_in_both_themes(address: str, reader: Page, place: str, button: str) -> None:
    reader.goto(f"{address}/{place}")
    reader.get_by_role("button", name=button).wait_for()
    unfold(reader)
    reader.add_style_tag(content="* { transition: none !important; }")
    for theme in ("light", "dark"):
        use(reader, theme)
        names, unseen = [""], []
        for _ in range(100):
            reader.keyboard.press("Tab")
            if not reader.evaluate(FOCUS):
                unseen.append(names[-1])
            if reader.evaluate("() => document.activeElement === document.body"):
                break
            names.append(reader.evaluate(NAME))
        assert len(names) > 10
        assert not unseen, theme
