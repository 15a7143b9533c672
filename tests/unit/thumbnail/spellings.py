"""Ways to write an address inside, each with its name and the reason that it is refused for."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

NOT_PUBLIC, BAD, PORT, SCHEME = "address-not-public", "bad-address", "unsupported-port", "unsupported-scheme"


def digits(text: str, zero: int) -> str:
    """A text with its digits out of another block."""
    return "".join(chr(zero + int(character)) if character.isdigit() else character for character in text)


def circled(text: str) -> str:
    return "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(character)] if character.isdigit() else character for character in text)


def as_numbers(inner: str) -> Iterator[tuple[str, str, str]]:
    """As itself, and as resolvers read numbers."""
    number = int(IPv4Address(inner))
    a, b, c, d = IPv4Address(inner).packed
    yield "dotted", inner, NOT_PUBLIC
    yield "dot at the end", f"{inner}.", NOT_PUBLIC
    yield "port 80", f"{inner}:80", NOT_PUBLIC
    yield "port 443", f"{inner}:443", NOT_PUBLIC
    yield "empty port", f"{inner}:", NOT_PUBLIC
    yield "port 8080", f"{inner}:8080", PORT
    yield "port of the runtime", f"{inner}:9001", PORT
    yield "port 0", f"{inner}:0", PORT
    yield "port + 65536", f"{inner}:65616", PORT
    yield "decimal", f"{number}", BAD
    yield "decimal with a dot", f"{number}.", BAD
    yield "decimal overflowing", f"{number + 2**32}", BAD
    yield "octal", f"0{number:o}", BAD
    yield "octal with many zeros", f"{number:#o}".replace("0o", "0" * 40), BAD
    yield "hexadecimal", f"{number:#x}", BAD
    yield "hexadecimal in capitals", f"0X{number:X}", BAD
    yield "hexadecimal with zeros", f"0x{number:020x}", BAD
    yield "dotted octal", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", BAD
    yield "dotted octal, padded", f"{a:05o}.{b:05o}.{c:05o}.{d:05o}", BAD
    yield "dotted decimal, padded", f"{a:04}.{b:04}.{c:04}.{d:04}", BAD
    yield "dotted hexadecimal", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", BAD
    yield "dotted mixed", f"{a:#x}.0{b:o}.{c}.{d}", BAD
    yield "dotted, the last in hexadecimal", f"{a}.{b}.{c}.{d:#x}", BAD
    yield "dotted overflowing", f"{a + 256}.{b + 256}.{c + 256}.{d + 256}", BAD
    yield "two parts", f"{a}.{number & 0xFFFFFF}", BAD
    yield "three parts", f"{a}.{b}.{number & 0xFFFF}", BAD
    yield "two parts, hexadecimal", f"{a:#x}.{number & 0xFFFFFF:#x}", BAD
    yield "five parts", f"{inner}.0", BAD
    yield "empty part", f"{a}..{c}.{d}", BAD
    yield "dot before", f".{inner}", BAD
    yield "two dots at the end", f"{inner}..", BAD


def as_lookalikes(inner: str) -> Iterator[tuple[str, str, str]]:
    """In characters that international names make into plain digits and dots."""
    number = int(IPv4Address(inner))
    yield "full-width digits", digits(inner, 0xFF10), NOT_PUBLIC
    yield "full-width digits and dots", digits(inner, 0xFF10).replace(".", "．"), NOT_PUBLIC
    yield "ideographic dots", inner.replace(".", "。"), NOT_PUBLIC
    yield "half-width ideographic dots", inner.replace(".", "｡"), NOT_PUBLIC
    yield "ideographic dot at the end", f"{inner}。", NOT_PUBLIC
    yield "circled digits", circled(inner), NOT_PUBLIC
    yield "mathematical digits", digits(inner, 0x1D7CE), NOT_PUBLIC
    yield "double-struck digits", digits(inner, 0x1D7D8), NOT_PUBLIC
    yield "segmented digits", digits(inner, 0x1FBF0), NOT_PUBLIC
    yield "superscript digits", inner.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")), NOT_PUBLIC
    yield "full-width decimal", digits(str(number), 0xFF10), BAD
    yield "full-width hexadecimal", f"０ｘ{number:x}", BAD
    yield "soft hyphen", f"{inner[:2]}\u00ad{inner[2:]}", NOT_PUBLIC
    yield "zero-width space", f"{inner[:2]}\u200b{inner[2:]}", NOT_PUBLIC
    yield "word joiner", f"{inner}\u2060", NOT_PUBLIC
    yield "variation selector", f"{inner}\ufe0f", NOT_PUBLIC
    yield "no-break space", f"{inner}\u00a0", BAD
    yield "ideographic space before", f"\u3000{inner}", BAD
    yield "zero-width joiner", f"{inner[:2]}\u200d{inner[2:]}", BAD
    yield "left-to-right mark", f"\u200e{inner}", BAD
    yield "dot leader", inner.replace(".", "\u2024"), BAD


def with_characters_that_matter(inner: str) -> Iterator[tuple[str, str, str]]:
    """With characters that some drop, stop at, or read as something else."""
    yield "tab", f"{inner[:2]}\t{inner[2:]}", NOT_PUBLIC
    yield "space inside", f"{inner[:2]} {inner[2:]}", BAD
    yield "NUL", f"{inner}\x00.a.example", BAD
    yield "escaped NUL", f"{inner}%00.a.example", BAD
    yield "escaped digits", "".join(f"%{ord(character):02x}" for character in inner), BAD
    yield "escaped dots", inner.replace(".", "%2e"), BAD
    yield "escaped twice", inner.replace(".", "%252e"), BAD
    yield "escaped slash", f"{inner}%2f.a.example", BAD
    yield "escaped at", f"a.example%40{inner}", BAD
    yield "escaped newline", f"{inner}%0a", BAD
    yield "backslash after", f"{inner}\\.a.example", BAD
    yield "backslash at", f"{inner}\\@a.example", BAD
    yield "at backslash", f"a.example\\@{inner}", BAD
    yield "semicolon", f"{inner};a.example", BAD
    yield "comma", f"{inner},a.example", BAD
    yield "plus", f"+{inner}", BAD
    yield "minus", f"-{inner}", BAD
    yield "exclamation", f"{inner}!", BAD
    yield "asterisk", f"*.{inner}", BAD
    yield "quoted", f'"{inner}"', BAD
    yield "angle brackets", f"<{inner}>", BAD


def beside_a_name(inner: str) -> Iterator[tuple[str, str, str]]:
    """With a public name before or behind it."""
    # With a user name.
    yield "as the host after a user name", f"a.example@{inner}", BAD
    yield "with a password", f"a:b@{inner}", BAD
    yield "with an empty user name", f"@{inner}", BAD
    yield "two ats", f"a@b@{inner}", BAD
    yield "as the user name", f"{inner}@a.example", BAD
    yield "as user name and password", f"{inner}:80@a.example", BAD
    yield "full-width at", f"a.example＠{inner}", BAD
    # And the name is in the path, the query or the fragment.
    yield "fragment", f"{inner}#@a.example", NOT_PUBLIC
    yield "fragment with a slash", f"{inner}#.a.example/", NOT_PUBLIC
    yield "query", f"{inner}?@a.example", NOT_PUBLIC
    yield "path", f"{inner}/@a.example", NOT_PUBLIC


def in_brackets(inner: str) -> Iterator[tuple[str, str, str]]:
    """As, and within, IPv6 addresses."""
    number = int(IPv4Address(inner))
    a, b, c, d = IPv4Address(inner).packed
    yield "in brackets", f"[{inner}]", BAD
    yield "in brackets, after a name", f"a.example[{inner}]", BAD
    yield "mapped, dotted", f"[::ffff:{inner}]", NOT_PUBLIC
    yield "mapped, hexadecimal", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]", NOT_PUBLIC
    yield "mapped, in full", f"[0000:0000:0000:0000:0000:FFFF:{number >> 16:04X}:{number & 0xFFFF:04X}]", NOT_PUBLIC
    yield "mapped, with a port", f"[::ffff:{inner}]:443", NOT_PUBLIC
    yield "mapped, with a bad port", f"[::ffff:{inner}]:6379", PORT
    yield "mapped, with a zone", f"[::ffff:{inner}%25eth0]", BAD
    yield "mapped, in octal", f"[::ffff:0{a:o}.0{b:o}.0{c:o}.0{d:o}]", BAD
    yield "mapped, then a name", f"[::ffff:{inner}].a.example", BAD
    yield "compatible", f"[::{inner}]", NOT_PUBLIC
    yield "translated (SIIT)", f"[::ffff:0:{inner}]", NOT_PUBLIC
    yield "NAT64", f"[64:ff9b::{inner}]", NOT_PUBLIC
    yield "NAT64, local use", f"[64:ff9b:1::{inner}]", NOT_PUBLIC
    yield (
        "NAT64, local use, in the middle",
        f"[64:ff9b:1:{number >> 16:x}:{number >> 8 & 0xFF:x}:{number & 0xFF:x}00::]",
        NOT_PUBLIC,
    )
    yield "6to4", f"[{IPv6Address(0x2002 << 112 | number << 80)}]", NOT_PUBLIC
    yield "Teredo", f"[{IPv6Address(0x20010000 << 96 | number ^ 0xFFFFFFFF)}]", NOT_PUBLIC
    yield "ISATAP", f"[2606:4700::5efe:{inner}]", NOT_PUBLIC


SPELLINGS = (as_numbers, as_lookalikes, with_characters_that_matter, beside_a_name, in_brackets)

OTHERS = [
    # IPv6.
    ("IPv6 loopback", "http://[::1]/", NOT_PUBLIC),
    ("IPv6 loopback in full", "http://[0:0:0:0:0:0:0:1]/", NOT_PUBLIC),
    ("IPv6 loopback with zeros", "http://[0000::0001]:80/", NOT_PUBLIC),
    ("IPv6 loopback, https", "https://[::1]/", NOT_PUBLIC),
    ("IPv6 unspecified", "http://[::]/", NOT_PUBLIC),
    ("IPv6 unspecified, dotted", "http://[::0.0.0.0]/", NOT_PUBLIC),
    ("IPv6 loopback with a zone", "http://[::1%25lo]/", BAD),
    ("IPv6 loopback with a bare zone", "http://[::1%lo]/", BAD),
    ("IPv6 link-local", "http://[fe80::1]/", NOT_PUBLIC),
    ("IPv6 link-local with a zone", "http://[fe80::1%25eth0]/", BAD),
    ("IPv6 public with a zone", "http://[2606:4700::1%25eth0]/", BAD),
    ("IPv6 site-local", "http://[fec0::1]/", NOT_PUBLIC),
    ("IPv6 unique local", "http://[fc00::1]/", NOT_PUBLIC),
    ("IPv6 metadata", "http://[fd00:ec2::254]/latest/meta-data/", NOT_PUBLIC),
    ("IPv6 metadata in capitals", "http://[FD00:EC2::254]/", NOT_PUBLIC),
    ("IPv6 multicast", "http://[ff02::1]/", NOT_PUBLIC),
    ("IPv6 global multicast", "http://[ff0e::1]/", NOT_PUBLIC),
    ("IPv6 documentation", "http://[2001:db8::1]/", NOT_PUBLIC),
    ("IPv6 newer documentation", "http://[3fff::1]/", NOT_PUBLIC),
    ("IPv6 benchmarking", "http://[2001:2::1]/", NOT_PUBLIC),
    ("IPv6 ORCHID", "http://[2001:10::1]/", NOT_PUBLIC),
    ("IPv6 ORCHIDv2", "http://[2001:20::1]/", NOT_PUBLIC),
    ("IPv6 discard", "http://[100::1]/", NOT_PUBLIC),
    ("IPv6 segment routing", "http://[5f00::1]/", NOT_PUBLIC),
    ("IPv6 without brackets", "http://::1/", BAD),
    ("IPv6 without brackets, with a port", "http://::1:80/", BAD),
    ("IPv6 of the future", "http://[v1.fe80::1]/", BAD),
    ("IPv6 unclosed", "http://[::1/", BAD),
    ("IPv6 unopened", "http://::1]/", BAD),
    ("IPv6 doubly opened", "http://[[::1]]/", BAD),
    ("IPv6 empty", "http://[]/", BAD),
    ("IPv6 and more", "http://[::1]a.example/", BAD),
    ("IPv6 and a name before", "http://a.example[::1]/", BAD),
    ("IPv6 and a user name", "http://a@[::1]/", BAD),
    ("IPv6 as a user name", "http://[::1]@a.example/", BAD),
    ("IPv6 with a bad port", "http://[::1]:22/", PORT),
    ("IPv6 with a port that is none", "http://[::1]:x/", BAD),
    ("IPv6 too long", "http://[0:0:0:0:0:0:0:0:1]/", BAD),
    ("IPv6 with full-width colons", "http://[：：1]/", BAD),
    # Other IPv4.
    ("unspecified", "http://0.0.0.0/", NOT_PUBLIC),
    ("nought", "http://0/", BAD),
    ("nought in hexadecimal", "http://0x/", BAD),
    ("nought in octal", "http://00000000/", BAD),
    ("this network", "http://0.1.2.3/", NOT_PUBLIC),
    ("broadcast", "http://255.255.255.255/", NOT_PUBLIC),
    ("all ones", "http://4294967295/", BAD),
    ("multicast", "http://224.0.0.1/", NOT_PUBLIC),
    ("reserved", "http://240.0.0.1/", NOT_PUBLIC),
    ("benchmarking", "http://198.18.0.1/", NOT_PUBLIC),
    ("documentation", "http://203.0.113.1/", NOT_PUBLIC),
    ("container credentials", "http://169.254.170.2/v2/credentials", NOT_PUBLIC),
    ("Azure's wire server", "http://168.63.129.16/machine", NOT_PUBLIC),
    ("Oracle's metadata", "http://192.0.0.192/latest/", NOT_PUBLIC),
    ("short loopback", "http://127.1/", BAD),
    ("loopback from afar", "http://127.127.127.127/", NOT_PUBLIC),
    ("a public address in octal", "http://0135.0270.0330.042/", BAD),
    ("a public address in decimal", "http://1572395042/", BAD),
    # Names.
    ("localhost", "http://localhost/", NOT_PUBLIC),
    ("LOCALHOST.", "http://LOCALHOST./", NOT_PUBLIC),
    ("localhost, circled", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", NOT_PUBLIC),
    ("localhost, full-width", "http://ｌｏｃａｌｈｏｓｔ/", NOT_PUBLIC),
    ("localhost, long s", "http://localho\u017ft/", NOT_PUBLIC),
    ("localhost, soft hyphen", "http://local\u00adhost/", NOT_PUBLIC),
    ("localhost, escaped", "http://%6cocalhost/", BAD),
    ("localhost, tab", "http://local\thost/", NOT_PUBLIC),
    ("localhost.localdomain", "http://localhost.localdomain/", NOT_PUBLIC),
    ("ip6-localhost", "http://ip6-localhost/", NOT_PUBLIC),
    ("Google's metadata", "http://metadata.google.internal/computeMetadata/v1/", NOT_PUBLIC),
    ("Google's metadata, short", "http://metadata/computeMetadata/v1/", NOT_PUBLIC),
    ("Google's metadata, ideographic dots", "http://metadata。google。internal/", NOT_PUBLIC),
    ("EC2's metadata by name", "http://instance-data.ec2.internal/", NOT_PUBLIC),
    ("a name for every address", "http://127.0.0.1.nip.example/", NOT_PUBLIC),
    ("a name that is loopback", "https://loopback.test/", NOT_PUBLIC),
    ("a name with one bad address", "http://mixed.example/", NOT_PUBLIC),
    ("a name with an inner IPv6 address", "http://v6.example/", NOT_PUBLIC),
    ("a name with a mapped address", "http://mapped.example/", NOT_PUBLIC),
    ("a name with a zoned address", "http://zone.example/", NOT_PUBLIC),
    # Names that are none.
    ("only a port", "http://:80/", BAD),
    ("only a dot", "http://./", BAD),
    ("a label of 64", f"http://{'a' * 64}.example/", BAD),
    ("a name of 254", f"http://{'a.' * 123}examples/", BAD),
    ("a name of a million", f"http://{'a' * 1_000_000}/", BAD),
    ("a path of a million", f"http://a.example/{'a' * 1_000_000}", BAD),
    ("a path that grows when sent", f"http://a.example/{'雨' * 1_000}", BAD),
    ("an international name of thousands", f"http://{'雨' * 3_000}.example/", BAD),
    ("a name with a space", "http://a .example/", BAD),
    ("a name with a sign for account of", "http://a\u2100.example/", BAD),
    ("a name with a full-width slash", "http://127.0.0.1／.a.example/", BAD),
    ("a name with a full-width question mark", "http://127.0.0.1？.a.example/", BAD),
    ("a name with a full-width number sign", "http://127.0.0.1＃.a.example/", BAD),
    ("a name with a full-width colon", "http://127.0.0.1：80.a.example/", BAD),
    ("a name with a full-width percent sign", "http://127.0.0.1％2f.a.example/", BAD),
    # Schemes.
    ("file", "file:///proc/self/environ", SCHEME),
    ("file with a host", "file://a.example/etc/passwd", SCHEME),
    ("gopher", "gopher://127.0.0.1:6379/_FLUSHALL", SCHEME),
    ("dict", "dict://127.0.0.1:11211/stats", SCHEME),
    ("ftp", "ftp://127.0.0.1/", SCHEME),
    ("ldap", "ldap://127.0.0.1/", SCHEME),
    ("unix", "unix:///var/run/docker.sock", SCHEME),
    ("http over a socket", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", SCHEME),
    ("data", "data:image/png;base64,AAAA", SCHEME),
    ("javascript", "javascript:alert(1)", SCHEME),
    ("jar", "jar:http://127.0.0.1!/", SCHEME),
    ("view-source", "view-source:http://127.0.0.1/", SCHEME),
    ("url", "url:http://127.0.0.1/", SCHEME),
    ("websocket", "ws://127.0.0.1/", SCHEME),
    ("blob", "blob:http://127.0.0.1/1", SCHEME),
    ("s3", "s3://bucket/key", SCHEME),
    # Ports.
    ("port 22", "http://a.example:22/", PORT),
    ("port 6379", "http://a.example:6379/", PORT),
    ("port 65535", "https://a.example:65535/", PORT),
    ("port 8443", "https://a.example:8443/", PORT),
    ("a port in full-width", "http://a.example:８０/", BAD),
    ("a negative port", "http://a.example:-80/", BAD),
    ("two ports", "http://a.example:80:22/", BAD),
    ("a port with a space", "http://a.example:80 /", BAD),
]

FROM_OUTSIDE = [
    # Only a picture's address can be written so; in a redirect it is relative to where it came from, or no header can hold it.
    ("no scheme", "//127.0.0.1/", SCHEME),
    ("no scheme and no slashes", "127.0.0.1", SCHEME),
    ("nothing", "", SCHEME),
    ("a backslashed network path", "\\\\127.0.0.1\\", SCHEME),
    ("one slash", "http:/127.0.0.1/", BAD),
    ("no slash", "http:127.0.0.1", BAD),
    ("three slashes", "http:///127.0.0.1/", BAD),
    ("no host", "http:///latest/", BAD),
    ("backslashes", "http:\\\\127.0.0.1\\", BAD),
    ("slash and backslash", "http:/\\127.0.0.1/", BAD),
    ("a scheme after a space inside", "ht tp://127.0.0.1/", SCHEME),
    ("a newline in the host", "http://12\n7.0.0.1/", NOT_PUBLIC),
    ("a carriage return in the host", "http://127.0\r.0.1/", NOT_PUBLIC),
    ("a newline in the scheme", "ht\ntp://127.0.0.1/", NOT_PUBLIC),
    ("a header behind the host", "http://127.0.0.1\r\nHost: a.example/", BAD),
    ("a request behind the host", "http://a.example\r\n\r\nGET / HTTP/1.1\r\nHost: b.example/", BAD),
    ("a lone surrogate", "http://\ud800.example/", BAD),
]

REDIRECTS = [
    # And these are told by a host only.
    ("a network path", "//127.0.0.1/", NOT_PUBLIC),
    ("a network path to the metadata", "//169.254.169.254/latest/meta-data/", NOT_PUBLIC),
    ("a network path in brackets", "//[::1]/", NOT_PUBLIC),
    ("a network path in decimal", "//2130706433/", BAD),
    ("a network path with a user name", "//a.example@127.0.0.1/", BAD),
    ("a network path with a port", "//127.0.0.1:9001/", PORT),
    ("a network path after a tab", "/\t/127.0.0.1/", NOT_PUBLIC),
    ("another scheme without a host", "https:/127.0.0.1/", BAD),
    ("a scheme in capitals", "HTTP://127.0.0.1/", NOT_PUBLIC),
    ("the same host at another port", "http://start.example:22/", PORT),
]

HARMLESS = [
    # Not understood by anybody as an address inside, and asked for under the name that they are.
    ("Devanagari digits", "http://१२७.०.०.१/", "xn--"),
    ("a number before a name", "http://2130706433.example/", "2130706433.example"),
    ("a name of numbers with letters", "http://127.0.0.1a/", "127.0.0.1a"),
    ("hexadecimal and more", "http://0x7f000001g/", "0x7f000001g"),
    ("a name that begins like localhost", "http://localhost.example/", "localhost.example"),
    ("a name of 253", f"http://{'a.' * 123}example/", f"{'a.' * 123}example"),
    ("the address in the path", "http://a.example/127.0.0.1", "a.example"),
    ("the address in the query", "http://a.example?@127.0.0.1/", "a.example"),
    ("the address in the fragment", "http://a.example#@127.0.0.1/", "a.example"),
    ("a backslash in the path", "http://a.example/\\127.0.0.1", "a.example"),
]

RELATIVE = [
    # In a redirect these stay on the host: what a browser might take for another host is a path here.
    ("a path with a backslash", "/\\127.0.0.1/", "/%5C127.0.0.1/"),
    ("two backslashes", "\\\\127.0.0.1/", "/%5C%5C127.0.0.1/"),
    ("three slashes", "///127.0.0.1/", "/127.0.0.1/"),
    ("an address without a scheme", "127.0.0.1", "/127.0.0.1"),
    ("one slash", "http:/127.0.0.1/", "/127.0.0.1/"),
    ("no host", "http:///127.0.0.1/", "/127.0.0.1/"),
    ("escaped slashes", "%2f%2f127.0.0.1/", "/%2f%2f127.0.0.1/"),
    ("dots upwards", "/../../127.0.0.1/", "/127.0.0.1/"),
]
