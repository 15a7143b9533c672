"""Which certificates are believed: those that browsers believe, since the pictures were put there for them."""

import ssl

import httpcore


def trusting() -> ssl.SSLContext:
    """A context for clients that verifies names and chains against the authorities of certifi; TLS 1.2 at least."""
    context = httpcore.default_ssl_context()
    # No authority may sign a certificate without the field that has the names (CA/Browser Forum, Baseline Requirements,
    # 7.1.2.7.12), and no browser has looked at the common name in its stead since 2017.
    context.hostname_checks_common_name = False
    # From 3.13 on, Python has OpenSSL insist on fields that those rules leave to the authorities. TWCA, in every browser's store
    # and behind many hosts in Taiwan, has a root without one: python/cpython, discussion of number 107361.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
