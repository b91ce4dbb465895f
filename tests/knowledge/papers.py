"""Documents as people have them."""

from collections.abc import Sequence


def pdf(*pages: str) -> bytes:
    """A PDF with these texts, a page each, in a font that every reader has."""
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        size = "/MediaBox [0 0 612 792]"
        objects += [
            f"<< /Type /Page /Parent 2 0 R {size} /Resources {font} /Contents {4 + 2 * number} 0 R >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    return _file(objects)


def _file(objects: Sequence[str]) -> bytes:
    body, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + end.encode()


PAGE = """\
<!DOCTYPE html><html><head><title>The &amp; guide</title><style>p { color: red }</style></head>
<body><nav>Home | About</nav><h1>Install</h1><p>Run the <b>script</b>,
then wait.</p><ul><li>one<li>two</ul><h2>Settings</h2><pre>a = 1
  b = 2</pre><script>alert("no")</script><table><tr><td>left</td><td>right</td></tr></table>
"""
