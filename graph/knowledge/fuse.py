"""How words and vectors are weighed against each other when passages are ranked.

A passage's score is its cosine to the question plus what the words that both share are worth. A word is worth its
inverse document frequency among the site's passages (Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009), without counting how often it stands in the passage. On the sets that were measured this beat
reciprocal rank fusion at every weight: ranks throw away by how much the best passage is better than the next.
"""

IDF_WEIGHT = 0.015
"""Cosine that one unit of inverse document frequency is worth."""

MOST_WORDS_WEIGHT = 0.4
"""Cosine that all words of a question together are worth at most, so that a long question is not decided by words."""

MOST_WORDS = 64
"""Different words of a question that are looked up. The first of a longer one count."""

CANDIDATES = 400
"""Passages, the best by themselves, that are weighed with their documents. The others are out of the running."""

DOCUMENT_WEIGHT = 0.3
"""What the mean of a document's best passages adds to each of them: a page about the subject beats a stray mention."""

DOCUMENT_PASSAGES = 8
"""How many of a document's passages that mean is taken over, so that a long document does not suffer from its rest."""

_MOST_CHARS = 4000


def searchable(question: str) -> str:
    """Return the part of a question whose words are looked up, fit for PostgreSQL."""
    return question[:_MOST_CHARS].replace("\x00", " ").encode(errors="ignore").decode()
