"""A notebook that tries to run a script in the browser of whoever looks at its pages.

Each payload sets `window.pwned` to its own name, so that a failing test says what ran.
"""

import base64
from typing import Any

from nbformat import NotebookNode, from_dict

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ELSEWHERE = "http://evil.example"  # must never be asked for anything


def run(name: str) -> str:
    """Return JavaScript that leaves its name in every window it can reach."""
    return f"window.pwned='{name}';try{{top.pwned='{name}'}}catch(e){{}};void 0"


def html_payloads(place: str) -> list[str]:
    """Return HTML that runs a script, by every common way."""

    def tell(name: str) -> str:
        return run(f"{place}-{name}")

    page = f"<script>parent.pwned='{place}-frame'</script>"
    coded = base64.b64encode(f"<svg xmlns='http://www.w3.org/2000/svg'>{page}</svg>".encode())
    return [
        f"<script>{tell('script')}</script>",
        f"<scr<script></script>ipt>{tell('broken-script')}</script>",
        f'<img src=x onerror="{tell("onerror")}">',
        f'<img src=x:x onerror="{tell("onerror-2")}" style="position:fixed;top:0">',
        f'<svg onload="{tell("svg-onload")}"><script>{tell("svg-script")}</script></svg>',
        f'<svg><animate onbegin="{tell("svg-animate")}" attributeName="x" dur="1s"></svg>',
        f'<svg><style><img src="x" onerror="{tell("mutation")}"></style></svg>',
        f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x '
        f'onerror={tell("math-mutation")}&gt;"></math>',
        f"<iframe srcdoc=\"<script>parent.pwned='{place}-srcdoc'</script>\"></iframe>",
        f"<iframe src=\"javascript:parent.pwned='{place}-frame-address'\"></iframe>",
        f'<iframe src="data:text/html,{page}"></iframe>',
        f'<object data="data:image/svg+xml;base64,{coded.decode()}"></object>',
        f'<embed src="data:image/svg+xml;base64,{coded.decode()}">',
        f'<details open ontoggle="{tell("ontoggle")}"><summary>x</summary></details>',
        f'<input autofocus onfocus="{tell("onfocus")}">',
        f'<body onload="{tell("body")}">',
        f'<video><source onerror="{tell("video")}"></video>',
        f'<a class="bait" href="javascript:{tell("link")}">click me</a>',
        f'<a class="bait" href="&#106;ava&Tab;script&colon;{tell("coded-link")}">click me</a>',
        f'<form action="javascript:{tell("form")}"><button class="bait">click me</button></form>',
        f'<div style="background:url({ELSEWHERE}/style)">x</div><img src="{ELSEWHERE}/pixel">',
        f'<link rel="stylesheet" href="{ELSEWHERE}/sheet"><base href="{ELSEWHERE}/">',
        f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}/moved">',
        f'<noscript><p title="</noscript><img src=x onerror={tell("noscript")}>"></noscript>',
        f'<textarea></textarea><img src=x onerror="{tell("after-textarea")}">',
        f"<!--><img src=x onerror={tell('comment')}>-->",
        f'<script type="text/x-mathjax-config">{tell("mathjax-config")}</script>',
    ]


def markdown_payloads(place: str) -> list[str]:
    """Return Markdown that becomes such HTML."""
    link = run(f"{place}-md-link").replace("(", "%28").replace(")", "%29")
    return [
        *html_payloads(place),
        f"[click me](javascript:{link})",
        f"[click me]( <java\tscript:{link}> )",
        f"[click me][x]\n\n[x]: javascript:{link}",
        f"<javascript:{link}>",
        f'![x](data:image/svg+xml;base64,AAAA"onerror="{run(f"{place}-image")}")',
        f'![x]({ELSEWHERE}/image "a\\" onerror=\\"x")',
        f"```html\n</code></pre><script>{run(f'{place}-fence')}</script>\n```",
        f"```mermaid\n<script>{run(f'{place}-mermaid')}</script>\n```",
        f'```"><script>{run(f"{place}-info")}</script>\nx\n```',
        f"$\\href{{javascript:{run(f'{place}-latex')}}}{{x}}$",
        f'$x</script><img src=x onerror="{run(f"{place}-math")}">$',
        f'# <img src=x onerror="{run(f"{place}-heading")}">',
    ]


def hostile_notebook(notebook: NotebookNode, *, proper: bool = False) -> NotebookNode:
    """Return a notebook with payloads in every place, besides its own cells.

    Args:
        notebook: what to add to.
        proper: leave out the cells that make nbconvert stop.
    """
    cells = list(notebook.cells)
    cells += [_markdown(text) for text in markdown_payloads("prose")]
    cells += [_code(_data({"text/html": text})) for text in html_payloads("output")]
    cells += [_code(_data({"text/markdown": text})) for text in markdown_payloads("shown")]
    if proper:
        return from_dict({**notebook, "cells": cells})
    cells += [_code(output) for output in _other_outputs()]
    cells += _odd_cells()
    return from_dict({**notebook, "cells": cells, "metadata": _odd_metadata()})


def _other_outputs() -> list[dict]:
    script = f"<script>{run('other')}</script>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{run('svg')}\">{script}</svg>"
    breaking = f"x' onerror=\"{run('png-bytes')}\" alt='"
    size = {"width": f"1 onerror={run('width')}", "height": f"1 onload={run('height')}"}
    frame = {"text/html": {"isolated": True}}
    return [
        _data({"application/javascript": run("javascript")}),
        _data({"image/svg+xml": svg}),
        _data({"image/png": breaking}),
        _data({"image/png": PIXEL}, {"image/png": size, **size}),
        _data({"image/png": PIXEL}, {"filenames": {"image/png": f'x" onerror="{run("name")}'}}),
        _data({"image/jpeg": PIXEL}, {"image/jpeg": {"alt": f'"><script>{run("alt")}</script>'}}),
        _data({"text/html": f"<script>parent.{run('isolated')}</script>"}, frame),
        _data({"text/latex": f"$\\href{{javascript:{run('latex')}}}{{x}}$</script>{script}"}),
        _data({"text/plain": f"\x1b[31m{script}\x1b[0m\x1b]8;;javascript:1\x07x\x1b]8;;\x07"}),
        _data({"text/vnd.mermaid": f"</pre>{script}"}),
        _data({"application/vnd.jupyter.widget-view+json": {"model_id": f"</script>{script}"}}),
        _data({f'text/x"><script>{run("kind")}</script>': "x"}),
        _data(
            {"text/plain": [script, 1, None], "text/html": ["<scr", f"ipt>{run('list')}</script>"]}
        ),
        {"output_type": "stream", "name": "stdout", "text": f"{script}\x1b[1m</pre>{script}"},
        {"output_type": "stream", "name": f'"><script>{run("stream")}</script>', "text": script},
        {
            "output_type": "error",
            "ename": f"{script}",
            "evalue": f"</pre>{script}",
            "traceback": [f"</pre>{script}", f"\x1b[31m{script}"],
        },
        {"output_type": f"<script>{run('type')}</script>", "text": script, "data": {}},
    ]


def _odd_cells() -> list[dict]:
    script = f"<script>{run('odd')}</script>"
    close = f'"><script>{run("close")}</script>'
    marks = {
        "grade": True,
        "solution": True,
        "points": close,
        "grade_id": f"x{close}",
        "task": False,
    }
    return [
        {"cell_type": "weird", "type": script, "source": script, "metadata": {}, "id": "weird"},
        {**_code(), "execution_count": script},
        {**_code(), "metadata": {"tags": [close], "magics_language": close, "name": close}},
        {**_code(), "id": close},
        {**_code(), "metadata": {"nbgrader": marks}, "source": script},
        {**_markdown(script), "metadata": {"nbgrader": {**marks, "comment": script}}},
        {**_code(), "source": f"</pre></div>{script}"},
        {
            "cell_type": "raw",
            "metadata": {"raw_mimetype": "text/html", "format": "text/html"},
            "source": script,
        },
        {
            **_markdown(
                "![a](attachment:a.svg) ![b](attachment:b.png) ![gone](attachment:gone.png)"
            ),
            "attachments": {
                "a.svg": {"image/svg+xml": base64.b64encode(script.encode()).decode()},
                "b.png": {f'image/png"onerror="{run("attachment")}': PIXEL},
            },
        },
    ]


def _odd_metadata() -> dict[str, Any]:
    close = f'"><script>{run("metadata")}</script>'
    state = {"state": {"x": {"model_name": close}}}
    return {
        "title": f"</title>{close}",
        "kernelspec": {"name": close, "display_name": close, "language": close},
        "language_info": {"name": close, "pygments_lexer": close},
        "widgets": {"application/vnd.jupyter.widget-state+json": state},
    }


def _markdown(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(*outputs: dict) -> dict:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": list(outputs),
        "source": "show()",
    }


def _data(data: dict, metadata: dict | None = None) -> dict:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}
