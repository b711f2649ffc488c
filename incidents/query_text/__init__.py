"""The text of the search box: `status:active tag:phishing -severity:low (tag:vip OR entity:10.0.0.8) mimikatz`.

The fields are the filters of incidents/filters/, under the same names: this package reads and writes the text, the
FilterSet says what a field means.
"""

from incidents.query_text.parsing import QueryError, parse
from incidents.query_text.printing import print_query

__all__ = ["QueryError", "parse", "print_query"]
