"""One step, as a visitor opens, reads and uses it."""

from streamlit.testing.v1 import AppTest

from facedemo.app import navigation

SETTINGS = {
    "model": "tiny",
    "steps": "1",
    "amplify": "auto",
    "present": "False",
    "gamma": "0.7",
    "lambda_k": "0.01",
    "alpha": "0.1",
}


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.STEP, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def address(page: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in page.query_params.items()}


def press(page: AppTest, label: str) -> AppTest:
    (button,) = (button for button in page.button if button.label == label)
    return button.click().run()


def formulas(page: AppTest) -> list[str]:
    return [element.value for element in page.latex]


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]
