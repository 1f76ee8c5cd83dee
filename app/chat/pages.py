"""The page's HTML: Chainlit's, without the links to other hosts, and the policy that lets only its own scripts run."""

import base64
import hashlib
import re
from dataclasses import dataclass

_FOREIGN = re.compile(r"<link\b[^>]*href=\"https?://[^>]*>\s*")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Html:
    """The one document of the page, and the hashes of its inline scripts as a policy names them."""

    text: str
    script_hashes: tuple[str, ...]


def page_html(*, guests: bool) -> Html:
    """Chainlit's document as we serve it. The script in the page reads from it whether guests may chat."""
    from chainlit.server import get_html_template  # not importable before its home is prepared

    text = _FOREIGN.sub("", get_html_template(""))  # type: ignore[no-untyped-call]  # Chainlit's own
    text = text.replace("</head>", f'<meta name="parley-guests" content="{"yes" if guests else "no"}">\n</head>', 1)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _INLINE.findall(text)]
    return Html(text, tuple(f"'sha256-{digest}'" for digest in hashes))


def policy(html: Html, host: str, origins: tuple[str, ...]) -> str:
    """The Content-Security-Policy of the document."""
    # Chainlit's components set styles inline; its connections go back to this host only.
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {' '.join(html.script_hashes)}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' ws://{host} wss://{host}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors 'self' {' '.join(origins)}".rstrip(),
        )
    )
