"""Comments and notes: Markdown in, harmless HTML out.

A text is read once (`read`), which says whom and what it names. Whoever shows it looks these up, all of a page in a few
statements, and puts in what the reader may know of (`Known`): `incidents/queries/texts.py`. A `Look` says how that is
shown, on a page or on paper.
"""

from common.markdown.document import NOTHING, Document, Image, Known, Located, Look, mentioned, read, render
from common.markdown.parsing import TAGS

__all__ = ["NOTHING", "TAGS", "Document", "Image", "Known", "Located", "Look", "mentioned", "read", "render"]
