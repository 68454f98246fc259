"""A page of HTML that needs nothing else: no address is fetched, nothing runs, everything from outside is escaped."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

# Colours of core.charts.colors; both schemes are printed as the light one.
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2524;--soft:#5b6866;--line:#d5dcda;--ground:#fff;--card:#f6f8f7;
--right:0,114,178;--wrong:213,94,0;--accent:#0f766e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eeec;--soft:#a3b1ae;--line:#37423f;--ground:#121716;--card:#1a211f;
--right:86,180,233;--wrong:240,130,50;--accent:#5fd0c4}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1200px;padding:24px 20px 48px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px}
p{margin:4px 0 10px;max-width:80ch}.soft,figcaption small{color:var(--soft)}
bdi{overflow-wrap:anywhere}
.figures{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 14px;min-width:110px}
.figures b{display:block;font-size:21px;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:8px 0}
th,td{border:1px solid var(--line);padding:4px 10px;text-align:right;font-weight:400;vertical-align:top}
th{color:var(--soft);text-align:left}thead th{text-align:right;vertical-align:bottom}
td.name,th.name{text-align:left}.scroll{overflow-x:auto}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:16px;margin-top:12px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px;break-inside:avoid}
figure .pair{display:flex;gap:8px;align-items:flex-start}
figure .pair img{display:block;flex:1 1 0;min-width:0;max-width:50%;height:auto;max-height:420px;
object-fit:contain;object-position:0 0;border-radius:4px}
figcaption{margin-top:8px;font-size:13.5px;line-height:1.4}
figcaption b{display:block;font-weight:600}
.maps{display:flex;flex-wrap:wrap;gap:16px}.maps figure{width:190px}
.maps img{width:168px;height:auto;max-height:336px;object-fit:contain;object-position:0 0;
display:block;border-radius:4px;image-rendering:auto}
footer{margin-top:40px;border-top:1px solid var(--line);padding-top:10px;color:var(--soft);font-size:13px}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--ground:#fff;--card:#fff;--right:0,114,178;--wrong:213,94,0}
body{padding:0;max-width:none;font-size:11pt}h2{break-after:avoid}tr{break-inside:avoid}
.pictures{grid-template-columns:repeat(2,1fr)}td,img{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def document(title: str, parts: Sequence[str]) -> str:
    """Return a whole page.

    Args:
        title: Plain text.
        parts: HTML.
    """
    # Whatever slipped through could fetch nothing and run nothing.
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escaped(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def escaped(value: object) -> str:
    """Return any text as HTML shows it; what can't be written or would steer the browser is shown as a mark."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    seen = (c if unicodedata.category(c) not in ("Cc", "Cs") or c in "\n\t" else "�" for c in text)
    return html.escape("".join(seen), quote=True)


def name(value: object) -> str:
    """Return a name from outside: letters that turn the direction of writing end with it."""
    return f"<bdi>{escaped(value)}</bdi>"


def paragraph(text: str, soft: bool = False) -> str:
    return f'<p class="soft">{escaped(text)}</p>' if soft else f"<p>{escaped(text)}</p>"


def heading(text: str) -> str:
    return f"<h2>{escaped(text)}</h2>"


def figures(pairs: Sequence[tuple[str, str]]) -> str:
    """Return numbers with what they are, side by side."""
    cells = "".join(f"<div><b>{escaped(value)}</b>{escaped(what)}</div>" for what, value in pairs)
    return f'<div class="figures">{cells}</div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts; the first column is one of names."""
    first, *others = head
    top = f'<th class="name">{escaped(first)}</th>' + "".join(f"<th>{escaped(one)}</th>" for one in others)
    body = "".join(
        f'<tr><td class="name">{name(row[0])}</td>' + "".join(f"<td>{escaped(v)}</td>" for v in row[1:]) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
