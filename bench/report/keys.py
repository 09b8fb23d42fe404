# SPDX-License-Identifier: MIT
"""What the marks of a chart mean, beside it: words that wrap on a phone, as a legend inside a drawing does not."""

from .chart_style import FORMS, ISAS, KERNELS
from .markup import escape

SHAPES = {
    "circle": '<circle cx="6" cy="6" r="4.5"/>',
    "square": '<rect x="1.8" y="1.8" width="8.4" height="8.4"/>',
    "triangle-up": '<path d="M6 1.4 11 10.4H1z"/>',
    "diamond": '<path d="M6 .6 10.6 6 6 11.4 1.4 6z"/>',
}


def mark(shape: str, colour: str = "var(--muted)", hollow: bool = False) -> str:
    style = f"fill:{'none' if hollow else colour};stroke:{colour}"
    return f'<svg class="mark" viewBox="0 0 12 12" aria-hidden="true" style="{style}">{SHAPES[shape]}</svg>'


def key(marks: dict[str, str]) -> str:
    return '<ul class="key">' + "".join(f"<li>{drawn}{escape(name)}</li>" for name, drawn in marks.items()) + "</ul>"


def kernel_key() -> str:
    return key({name: mark("circle", colour) for name, colour in KERNELS.items()} | noisy_key())


def noisy_key() -> dict[str, str]:
    return {"hollow: noisy": mark("circle", hollow=True)}


def form_key() -> str:
    return key({name: mark(shape) for name, shape in FORMS.items()})


def isa_key(names: list[str]) -> str:
    """Of those that there are; the page knows how to draw the others too."""
    shown = {name: mark(shape, f"var(--{name})") for name, shape in ISAS.items() if name in names and name != "scalar"}
    return key(shown | noisy_key())
