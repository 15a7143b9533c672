"""What was removed from an article: separated from the blocks that stay."""

from render_post.blocks import Block, Dropped, Listing, Quote


def partition(blocks: list[Block]) -> tuple[list[Block], list[Dropped]]:
    """Take what was removed out of the blocks, also out of quotes and lists, and list it in the order of the page.

    Quotes and lists of which nothing is left go too. Recursion goes as deep as lists and quotes are nested, which the reader of
    the page has bounded.
    """
    kept: list[Block] = []
    removed: list[Dropped] = []
    for block in blocks:
        match block:
            case Dropped():
                removed.append(block)
                continue
            case Quote():
                inner, gone = partition(block.blocks)
                removed += gone
                if not inner:
                    continue
                block.blocks = inner
            case Listing():
                items = []
                for item in block.items:
                    inner, gone = partition(item)
                    removed += gone
                    if inner:
                        items.append(inner)
                if not items:
                    continue
                block.items = items
            case _:
                pass
        kept.append(block)
    return kept, removed
