# SPDX-License-Identifier: MIT
"""Pages, with a browser to open them in, and a bundle as scripts/bench --bundle makes it."""

import pathlib
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from pages import VARIANTS, Page, make
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> Callable[[str], Page]:
    made: dict[str, Page] = {}

    def page(variant: str) -> Page:
        if variant not in made:
            made[variant] = make(tmp_path_factory.mktemp("results"), *VARIANTS[variant]())
        return made[variant]

    return page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        pytest.fail(f"none of {', '.join(NAMES)} is installed: run scripts/setup")
    with sync_playwright() as playwright:
        # Its sandbox refuses to run as root, as containers do; the pages are the tests' own.
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def show(browser, pages, tmp_path) -> Iterator[Callable[..., Tab]]:
    """Opens a page offline; afterwards nothing may have gone wrong in it, nor anything been asked for but itself."""
    contexts, wrong = [], []

    def open_page(variant: str, live: bool = True, width: int = 1280, **options: object) -> Tab:
        path = tmp_path / "page.html"
        path.write_text(pages(variant).html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 800}, offline=True, java_script_enabled=live, **options
        )
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: message.type == "error" and wrong.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        tab.on("request", lambda request: request.url == path.as_uri() or wrong.append(f"request: {request.url}"))
        tab.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        tab.goto(path.as_uri())
        if live:
            tab.wait_for_selector("body[data-drawn]")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def make_bundle_at(output):
    subprocess.run([pathlib.Path(__file__).parents[2] / "scripts/bench", "--bundle", f"--output={output}"], check=True)
    return output


@pytest.fixture(scope="session")
def make_bundle():
    return make_bundle_at


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    return make_bundle_at(tmp_path_factory.mktemp("made") / "bundle.tar.gz")


@pytest.fixture
def unpack(archive):
    """Unpacks it into a new folder."""

    def unpack(folder):
        folder.mkdir()
        subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
        (unpacked,) = folder.iterdir()
        return unpacked

    return unpack


@pytest.fixture
def folder(unpack, tmp_path):
    return unpack(tmp_path / "a folder")
