"""An incident told in plain sentences: how it began, how far it went, what was found, what is contained, what is open.

Made from facts alone and always in the same way. Every sentence is a row of pieces; a piece that names something says
where the evidence of it is, so that a page can link to it and a report can print it.
"""

from incidents.what_happened.facts import Alike, Facts, Piece, Sentence, Step, Target, Thing
from incidents.what_happened.sentences import paragraphs, plain

__all__ = ["Alike", "Facts", "Piece", "Sentence", "Step", "Target", "Thing", "paragraphs", "plain"]
