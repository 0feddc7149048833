"""The page on which the token is shown once, and the small pages that say no."""

from __future__ import annotations

from html import escape

from monitor.web.markup import document


def login_page(nonce: str, following: str, trouble: str = "") -> str:
    """The form that asks for the token; afterwards the browser goes on to `following`."""
    said = f'<p><span class="tag danger">no</span> {escape(trouble)}</p>\n' if trouble else ""
    return document(
        "log in",
        f"""{said}<form method="post" action="/login" class="card">
<input type="hidden" name="nonce" value="{escape(nonce)}">
<input type="hidden" name="next" value="{escape(following)}">
<label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label>
<button>Log in</button>
</form>
<p class="soft">It is the one that web.token_file names in the configuration.
This browser is remembered for 12 hours.</p>""",
    )


def sorry_page(title: str, text: str, back: str) -> str:
    """Why something was not done, and the way back."""
    return document(
        title, f'<p class="headline">{escape(text)}</p>\n<p><a class="button" href="{escape(back)}">Back</a></p>'
    )
