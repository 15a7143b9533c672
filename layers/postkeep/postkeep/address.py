"""The form of an article's address under which its copies are found."""


def canonical(url: str) -> str:
    """The address as copies of the article are found by."""
    return url
