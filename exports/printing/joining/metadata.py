"""What the file says of itself, once in the old way and once as XMP."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

from pikepdf import Dictionary, Name, Pdf, String

from exports.printing.report import Description

PRODUCER = "Watchfloor, WeasyPrint, pikepdf"


def describe(out: Pdf, description: Description) -> None:
    now = datetime.now(UTC)
    info = {
        "/Title": description.title,
        "/Subject": description.subject,
        "/Author": description.author,
        "/Keywords": ", ".join(description.keywords),
        "/Creator": "Watchfloor",
        "/Producer": PRODUCER,
        "/CreationDate": f"D:{now:%Y%m%d%H%M%S}Z",
    }
    for name, value in info.items():
        if value:
            out.docinfo[name] = String(value)
    out.Root.Lang = String(description.language)
    out.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    out.Root.Metadata = out.make_stream(_xmp(description, now), Type=Name.Metadata, Subtype=Name.XML)


def _xmp(description: Description, now: datetime) -> bytes:
    """A reader of PDF/UA takes the title from here, and that the file means to be one."""
    title, subject, author, language, keywords = (
        escape(text)
        for text in (
            description.title,
            description.subject,
            description.author,
            description.language,
            ", ".join(description.keywords),
        )
    )
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Keywords>{keywords}</pdf:Keywords><pdf:Producer>{PRODUCER}</pdf:Producer>
<xmp:CreateDate>{now:%Y-%m-%dT%H:%M:%SZ}</xmp:CreateDate><xmp:CreatorTool>Watchfloor</xmp:CreatorTool>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()
