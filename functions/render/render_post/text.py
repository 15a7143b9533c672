"""Blocks to plain text: no markup and no addresses but those that stand in the article's own words."""

from render_post.blocks import Block, Divider, Listing, Paragraph, Preformatted, Quote, Table, inline_text


def plain_text(blocks: list[Block]) -> str:
    """Give the article's text.

    Paragraphs are separated by blank lines; the items of a list stand on lines of their own, numbered where the list is;
    the cells of a table row are separated by tabs. Pictures have no text; players are the title or address of what they
    play.
    """
    return "\n\n".join(_parts(blocks))


def _parts(blocks: list[Block]) -> list[str]:
    # Recursion goes as deep as lists and quotes are nested, which the reader of the page has bounded.
    found: list[str] = []
    for block in blocks:
        match block:
            case Paragraph():
                found.append(inline_text(block.inlines).strip())
            case Preformatted():
                found.append(block.text)
            case Quote():
                found.extend(_parts(block.blocks))
            case Listing():
                found.append("\n".join(_items(block)))
            case Table():
                found.append("\n".join("\t".join(inline_text(cell).replace("\n", " ") for cell in row) for row in block.rows))
            case Divider():
                pass
    return [part for part in found if part]


def _items(listing: Listing) -> list[str]:
    found = []
    for number, item in enumerate(listing.items, listing.start):
        text = "\n".join(_parts(item))
        if text:
            found.append(f"{number}. {text}" if listing.ordered else text)
    return found
