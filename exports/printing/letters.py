"""What the numbers of the pages are written with: drawn once, so that their glyphs in the report's font are known."""

LETTERS = "Page of 0123456789"
LETTERS_AS_HTML = (
    '<!doctype html><html lang="en"><head><title>-</title>'
    '<style>html { font-family: "DejaVu Sans", sans-serif }</style><link rel="stylesheet" href="asset:report.css">'
    f'</head><body><p style="font-weight: normal; font-style: normal">{LETTERS}</p></body></html>'
)
