"""Making a student's notebook harmless before a person looks at it.

Pages of a notebook (feedback, formgrader) open in the browser of someone who is logged in
somewhere: whatever a student put into outputs, prose, attachments or metadata must not run there,
load anything, or lie over the page's own controls. `sanitize_outputs` rebuilds a notebook from
what is known to be harmless; `safe_markdown` cleans prose after it has become HTML, since
nbgrader's templates pass prose through even where nbconvert is told to sanitise.
`nbgrader_config.py` gives both to every HTML page.

Some ways in that nbconvert 7.17 and nbgrader 0.9.6 leave open, and that are closed here: an image's
`width` goes unquoted into its tag, `grade_id` and `execution_count` go into the page as they are,
a cell of an unknown type prints its `type`, an attachment's MIME type becomes part of an address,
and a missing attachment ends the export.
"""

import base64
import io
import json
import re
from collections import Counter
from html import escape, unescape
from typing import Any

import nh3
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode, from_dict
from PIL import Image
from traitlets import Bool

from gradekit.course import KERNELSPEC

IMAGES = {"image/png": "PNG", "image/jpeg": "JPEG"}
WIDGET = "application/vnd.jupyter.widget-view+json"
SILENT = {WIDGET, "application/json"}  # honest notebooks hold them too: removed without a line
LONGEST_TEXT = 200_000  # characters of one output; more is cut
LONGEST_HTML = 1_000_000
LONGEST_PROSE = 50_000
MOST_PIXELS = 25_000_000
MOST_IMAGE_BYTES = 20_000_000
DEEPEST = 200  # nested elements
MOST_FORMULAS = 400  # in one cell; nbconvert searches each one's end anew

TAGS = frozenset(
    [
        *("a", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl"),
        *("dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre"),
        *("s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "u", "ul"),
    ]
)
ATTRIBUTES = {
    "*": {"style", "title"},
    "a": {"href"},
    "details": {"open"},
    "div": {"class"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "span": {"class"},
    "table": {"border", "class"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
CLASSES = {  # of pandas' tables and of highlighted code
    "table": re.compile(r"dataframe"),
    "div": re.compile(r"highlight"),
    "span": re.compile(r"[a-z][a-z0-9]{0,2}"),
}
DROPPED_WITH_CONTENT = frozenset(
    [
        *("embed", "iframe", "math", "noembed", "noframes", "noscript", "object", "plaintext"),
        *("script", "select", "style", "svg", "template", "textarea", "title", "xmp"),
    ]
)
ACTIVE = DROPPED_WITH_CONTENT | {  # elements that do something even without attributes
    *("applet", "audio", "base", "body", "button", "form", "frame", "frameset", "head", "html"),
    *("input", "link", "marquee", "meta", "option", "video"),
}
VOID = frozenset(["br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])
CLOSES_ITSELF = frozenset(["dd", "dt", "li", "p", "td", "th", "tr"])  # before the next of its kind
STYLES = re.compile(
    r"background(-color)?|border(-(left|right|top|bottom|collapse|color|radius|spacing|style|"
    r"width))?|bottom|color|display|font-(family|size|style|weight)|height|left|line-height|"
    r"list-style|margin(-(left|right|top|bottom))?|max-(height|width)|min-(height|width)|opacity|"
    r"overflow|padding(-(left|right|top|bottom))?|position|right|text-(align|decoration)|top|"
    r"vertical-align|white-space|width"
)
STYLE_PART = re.compile(r"[#\w.%]+(?:-[a-z]+)*,?|rgba?\([\d.,%]+\)")  # no url(), no minus, no `\`
PLACED = ("absolute", "relative", "static")  # never "fixed": it would leave its own output
FRAME = '<div style="position:relative;overflow:auto;max-height:60em">'
NUMBER = re.compile(r"\d{1,5}")
LINK = re.compile(r"(?:https?://|mailto:)[^\s\"'<>\\]+", re.IGNORECASE)
DATA_IMAGE = re.compile(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=\s]+)")
HARMFUL_TAG = (
    re.compile(  # only to say what was removed; pandas' tables bring a <style> of their own
        r"<\s*/?\s*(script|iframe|object|embed|svg|math|form|input|button|link|meta|base|"
        r"textarea|video|audio|template|frame|frameset|applet)\b|<[^>]{0,300}\bon\w{1,30}\s*=|"
        r"(?:java|vb)script\s*:",
        re.IGNORECASE,
    )
)
LATEX_COMMAND = re.compile(
    r"\\(?:href|url|require|class|cssId|style|html\w*|data|unicode|mmlToken|input|include)\b"
)
TAG_START = re.compile(r"<(?=[A-Za-z/!?])(?P<plain>/?(?P<name>[A-Za-z][^\s/<>\"'=`]{0,40})/?>)?")
ADDRESS = re.compile(r"https?://[^\s<>\"'`]{1,2000}>")
TARGET = re.compile(r"(\]\(\s*<?|^\s{0,3}\[[^\]\n]{1,200}\]:\s*<?)([^\s)>]+)", re.MULTILINE)
ANY_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
LOST_IMAGE = re.compile(r'<img(?: [a-z]+="[^"]*")*>')
MATH_START = re.compile(r"\\begin\{|\\\\[\[(]|\$")
GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
HALF_LETTER = re.compile("[\ud800-\udfff]")
HEX = re.compile(r"[0-9a-f]{1,128}")
FLAGS = ("grade", "locked", "solution", "task")

Node = Any  # a part of a notebook as it was read, of any form


def sanitize_outputs(notebook: NotebookNode) -> list[str]:
    """Rebuild a notebook, in place, from what is harmless to look at.

    Kept are sources, text, errors, PNG and JPEG images whose bytes are such, HTML and Markdown with
    a few tags, LaTeX without commands that link or load, and nbgrader's own metadata. Widgets and
    other metadata, which honest notebooks hold too, go without a line.

    Returns:
        a line for each thing that was removed, such as "cell 3: application/javascript removed".
    """
    removed: list[str] = []
    cells = notebook.get("cells")
    cells = cells if isinstance(cells, list) else []
    notebook["cells"] = [
        _cell(cell, f"cell {i}", removed) for i, cell in enumerate(cells) if isinstance(cell, dict)
    ]
    _name_cells(notebook["cells"])
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict) and HARMFUL_TAG.search(str(metadata)):
        removed.append("notebook: script in metadata removed")
    notebook["metadata"] = from_dict(
        {
            "kernelspec": dict(KERNELSPEC),
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
    )
    return removed


def safe_html(text: str) -> str:
    """Return HTML with a few tags and attributes, that runs, loads and covers nothing."""
    text = text[:LONGEST_HTML]
    if _depth(text) > DEEPEST:
        text = f"<pre>{escape(text[:LONGEST_TEXT])}</pre>"
    clean = nh3.clean(
        text,
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes=ATTRIBUTES,
        attribute_filter=_attribute_or_nothing,
        url_schemes={"http", "https", "mailto", "data"},
    )
    clean = LOST_IMAGE.sub(_lost_image, clean)
    return f"{FRAME}{clean}</div>" if "position:" in clean else clean


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """Turn Markdown into harmless HTML: nbconvert's filter `markdown2html`, then `safe_html`."""
    cell = context.get("cell") or {}
    attachments = cell.get("attachments", {}) if isinstance(cell, dict) else {}
    renderer = _Renderer(attachments=attachments, escape=False, exclude_anchor_links=True)
    source = source[:LONGEST_PROSE]
    if len(MATH_START.findall(source)) > MOST_FORMULAS:
        return f"<pre>{escape(source)}</pre>"
    try:
        return safe_html(MarkdownWithMath(renderer=renderer).render(source))
    except RecursionError:
        return f"<pre>{escape(source)}</pre>"


class Sanitize(Preprocessor):
    """`sanitize_outputs` as the first step of every HTML page that nbconvert writes."""

    enabled = Bool(True).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        sanitize_outputs(nb)
        return nb, resources


class _Renderer(IPythonRenderer):
    """nbconvert's, which ends the whole page where an attachment is missing."""

    def _embed_image_or_attachment(self, src: str) -> str:
        name = src.removeprefix("attachment:")
        if name == src:
            return src
        for kind, data in (self.attachments.get(name) or {}).items():
            return f"data:{kind};base64,{data}"
        return ""


def _cell(cell: Node, place: str, removed: list[str]) -> NotebookNode:
    """Return a new cell with what may stay of an old one."""
    kind = cell.get("cell_type")
    if kind not in ("code", "markdown", "raw"):
        removed.append(f"{place}: cell of unknown type shown as plain text")
        kind = "raw"
    source = _text(cell.get("source", ""))
    kept: dict[str, Any] = {"cell_type": kind, "source": source}
    kept["metadata"] = _metadata(cell.get("metadata"), place, removed)
    if CELL_ID.fullmatch(str(cell.get("id", ""))):
        kept["id"] = cell["id"]
    if kind == "code":
        count = cell.get("execution_count")
        kept["execution_count"] = count if type(count) is int else None
        outputs = cell.get("outputs")
        outputs = outputs if isinstance(outputs, list) else []
        if HALF_LETTER.search(json.dumps(outputs, ensure_ascii=False, default=str)):
            removed.append(f"{place}: halves of letters, which no file can hold, removed")
        new = (_output(output, place, removed) for output in outputs)
        kept["outputs"] = [output for output in new if output is not None]
    if kind == "markdown":
        kept["source"] = _prose(source, place, removed)
        if attachments := _attachments(cell.get("attachments"), place, removed):
            kept["attachments"] = attachments
    return from_dict(kept)


def _name_cells(cells: list[NotebookNode]) -> None:
    """Give an id to each cell that has none or another's."""
    seen: set[str] = set()
    for i, cell in enumerate(cells):
        if cell.get("id") is None or cell["id"] in seen:
            cell["id"] = f"unnamed-{i}"
        seen.add(cell["id"])


def _metadata(metadata: Node, place: str, removed: list[str]) -> dict[str, Any]:
    """Return nbgrader's metadata and the course's own, each value of its proper form."""
    metadata = metadata if isinstance(metadata, dict) else {}
    if HARMFUL_TAG.search(str(metadata)):
        removed.append(f"{place}: script in metadata removed")
    kept: dict[str, Any] = {}
    if isinstance(metadata.get("nbgrader"), dict):
        marks = _marks(metadata["nbgrader"])
        if marks is None:
            removed.append(f"{place}: malformed nbgrader metadata removed")
        else:
            kept["nbgrader"] = marks
    if metadata.get("course") == {"quiz": True}:
        kept["course"] = {"quiz": True}
        kept["cellView"] = "form"
    for name in ("deletable", "editable"):
        if metadata.get(name) is False:
            kept[name] = False
    return kept


def _marks(marks: dict) -> dict[str, Any] | None:
    """Return the values that nbgrader gives to a cell; None if its name is not one."""
    if not GRADE_ID.fullmatch(str(marks.get("grade_id", ""))):
        return None
    kept: dict[str, Any] = {"grade_id": str(marks["grade_id"])}
    kept |= {name: marks[name] for name in FLAGS if isinstance(marks.get(name), bool)}
    for name in ("points", "schema_version"):
        if type(marks.get(name)) in (int, float):
            kept[name] = marks[name]
    if HEX.fullmatch(str(marks.get("checksum", ""))):
        kept["checksum"] = marks["checksum"]
    if marks.get("cell_type") in ("code", "markdown", "raw"):
        kept["cell_type"] = marks["cell_type"]
    return kept


def _output(output: Node, place: str, removed: list[str]) -> dict[str, Any] | None:
    """Return a new output with what may stay of an old one; None if that is nothing."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        text = _text(output.get("text", ""))[:LONGEST_TEXT]
        return {"output_type": "stream", "name": name, "text": text}
    if kind == "error":
        lines = output.get("traceback")
        lines = [_text(line)[:LONGEST_TEXT] for line in lines] if isinstance(lines, list) else []
        fields = {name: _text(output.get(name, ""))[:LONGEST_TEXT] for name in ("ename", "evalue")}
        return {"output_type": "error", **fields, "traceback": lines[:1000]}
    if kind not in ("display_data", "execute_result"):
        removed.append(f"{place}: output of unknown type removed")
        return None
    data = output.get("data")
    data = data if isinstance(data, dict) else {}
    kept = {} if WIDGET in data else _bundle(data, place, removed)
    if not kept:
        return None
    new = {"output_type": kind, "data": kept, "metadata": _image_sizes(output.get("metadata"))}
    if kind == "execute_result":
        count = output.get("execution_count")
        new["execution_count"] = count if type(count) is int else None
    return new


def _bundle(data: dict, place: str, removed: list[str]) -> dict[str, str]:
    """Return the forms of a displayed thing that may be shown."""
    kept: dict[str, str] = {}
    for kind, content in data.items():
        if kind == "text/plain":
            kept[kind] = _text(content)[:LONGEST_TEXT]
        elif kind == "text/html":
            kept[kind] = safe_html(_text(content))
            if found := HARMFUL_TAG.search(_text(content)):
                removed.append(f"{place}: {_named(found)} removed from HTML")
        elif kind == "text/markdown":
            kept[kind] = _prose(_text(content), place, removed)
        elif kind == "text/latex":
            kept[kind] = _latex(_text(content)[:LONGEST_TEXT], place, removed)
        elif kind in IMAGES:
            if image := _image(content, kind):
                kept[kind] = image
            else:
                removed.append(f"{place}: {kind} that is not such an image removed")
        elif kind not in SILENT:
            removed.append(f"{place}: {_short(kind)} removed")
    return kept


def _image_sizes(metadata: Node) -> dict[str, dict[str, int]]:
    """Return the sizes of images, which nbconvert puts into tags without quotes."""
    metadata = metadata if isinstance(metadata, dict) else {}
    sizes = {}
    for kind in IMAGES:
        given = metadata.get(kind)
        given = given if isinstance(given, dict) else {}
        numbers = {
            name: int(given[name])
            for name in ("width", "height")
            if type(given.get(name)) in (int, float) and 0 < given[name] < 10_000
        }
        if numbers:
            sizes[kind] = numbers
    return sizes


def _image(content: Node, kind: str) -> str | None:
    """Return an image's base64, or None if the bytes are not an image of this kind."""
    text = "".join(_text(content).split())
    if len(text) > MOST_IMAGE_BYTES * 4 / 3:
        return None
    try:
        data = base64.b64decode(text, validate=True)
        with Image.open(io.BytesIO(data), formats=[IMAGES[kind]]) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.verify()
    except Exception:  # Pillow raises whatever a damaged file provokes in its parsers
        return None
    return base64.b64encode(data).decode("ascii")


def _attachments(attachments: Node, place: str, removed: list[str]) -> dict[str, dict[str, str]]:
    """Return a cell's attached images."""
    kept: dict[str, dict[str, str]] = {}
    for name, forms in (attachments if isinstance(attachments, dict) else {}).items():
        forms = forms if isinstance(forms, dict) else {}
        images = {kind: _image(forms[kind], kind) for kind in IMAGES if kind in forms}
        good = {kind: image for kind, image in images.items() if image}
        if good:
            kept[str(name)] = good
        if len(good) < len(forms):
            removed.append(f"{place}: attachment {_short(name)} removed")
    return kept


def _prose(source: str, place: str, removed: list[str]) -> str:
    """Return Markdown without raw HTML but plain tags, and without links that run something.

    A second net below `safe_markdown`, for other programs that show the notebook: what begins like
    a tag with attributes, or one that is active, is turned into text, whatever a parser would make
    of it.
    """
    source = source[:LONGEST_PROSE]
    if found := HARMFUL_TAG.search(source):
        removed.append(f"{place}: {_named(found)} removed from prose")

    def tag(match: re.Match) -> str:
        plain = match["plain"] and match["name"].lower() not in ACTIVE
        harmless = plain or ADDRESS.match(source, match.end())
        return match[0] if harmless else "&lt;" + match[0][1:]

    source_without_tags = TAG_START.sub(tag, source)
    return _latex(TARGET.sub(_link_target, source_without_tags), place, removed)


def _link_target(match: re.Match) -> str:
    target = re.sub(r"[\s\\\x00-\x20]", "", unescape(unescape(match[2])))
    scheme, colon, _ = target.partition(":")
    allowed = ("http", "https", "mailto", "attachment")
    if not colon or "/" in scheme or "#" in scheme or scheme.lower() in allowed:
        return match[0]
    return match[1] + "#"


def _latex(text: str, place: str, removed: list[str]) -> str:
    """Return text in which no LaTeX command links, loads or styles anything."""
    text, count = LATEX_COMMAND.subn(r"\\text", text)
    if count:
        removed.append(f"{place}: {count} LaTeX command(s) that link, load or style made text")
    return text


def _attribute_or_nothing(tag: str, name: str, value: str) -> str | None:
    try:
        return _attribute(tag, name, value)
    except Exception:  # nh3 would keep the attribute as it was
        return None


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Return what may stay of an attribute's value; None removes the attribute."""
    if name == "style":
        return _style(value) or None
    if name == "class":
        allowed = CLASSES.get(tag)
        return value if allowed and allowed.fullmatch(value) else None
    if name == "href":
        return value if LINK.fullmatch(value.strip()) else None
    if name == "src":
        return _data_image(value)
    if name in ("width", "height", "border", "colspan", "rowspan", "start"):
        return value if NUMBER.fullmatch(value) else None
    return value[:1000]


def _lost_image(match: re.Match) -> str:
    """Return an image, or its description where the image itself may not stay."""
    if ' src="' in match[0]:
        return match[0]
    alt = re.search(r' alt="([^"]*)"', match[0])
    return f"[{escape(unescape(alt[1]))}]" if alt and alt[1] else ""


def _data_image(value: str) -> str | None:
    """Return an image's address if the image is in it; all others would load something."""
    match = DATA_IMAGE.fullmatch(value)
    image = _image(match[2], match[1]) if match else None
    return f"data:{match[1]};base64,{image}" if image else None


def _style(value: str) -> str:
    kept = []
    for declaration in value[:2000].split(";"):
        name, _, setting = (part.strip().lower() for part in declaration.partition(":"))
        parts = setting.split()
        if not STYLES.fullmatch(name) or not all(STYLE_PART.fullmatch(part) for part in parts):
            continue
        if parts and (name != "position" or setting in PLACED):
            kept.append(f"{name}:{' '.join(parts)}")
    return ";".join(kept)


def _depth(html: str) -> int:
    """Return about how deep elements are nested; parsers take quadratic time where it is deep."""
    stack: list[str] = []
    opened: Counter[str] = Counter()
    deepest = 0
    for slash, name in ANY_TAG.findall(html.lower()):
        if name in VOID or (slash and not opened[name]):
            continue
        if slash or (name in CLOSES_ITSELF and stack and stack[-1] == name):
            while (last := stack.pop()) != name:
                opened[last] -= 1
            opened[name] -= 1
        if not slash:
            stack.append(name)
            opened[name] += 1
        deepest = max(deepest, len(stack))
    return deepest


def _text(value: Node) -> str:
    """Return a notebook's text, which may be stored as a list of lines.

    Halves of surrogate pairs, which no file can hold, become question marks.
    """
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return HALF_LETTER.sub("?", value) if isinstance(value, str) else ""


def _named(found: re.Match) -> str:
    if found[1]:
        return f"<{found[1].lower()}>"
    return "an event handler" if found[0].startswith("<") else "a script address"


def _short(value: Any) -> str:
    """Return a name that a student chose as one short, harmless line."""
    return re.sub(r"[^\w./+ -]", "?", str(value))[:60]
