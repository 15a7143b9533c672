"""Certificates for hosts on loopback: good ones, and those that nobody should believe."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)

_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def name_of(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Authority:
    """Signs certificates.

    Args:
        folder: where they are put, each with its key.
        name: its own.
        identified: whether its certificates say which key is meant, as Python wants and no browser does.
    """

    def __init__(self, folder: Path, name: str = "Authority", *, identified: bool = True) -> None:
        self._folder = folder
        self._identified = identified
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        own = (
            self._builder(self._name, self._key, now - DAY, now + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_SIGNS_CERTIFICATES, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def certificate(
        self,
        names: Sequence[str],
        *,
        common_name: str = "a host",
        since: timedelta = -DAY,
        until: timedelta = DAY,
        signs_itself: bool = False,
    ) -> Path:
        """Make a certificate.

        Args:
            names: of the host; none leaves the field out.
            common_name: the name that used to count.
            since: from now, when it begins to be valid.
            until: from now, when it ends.
            signs_itself: whether nobody else vouches for it.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
        builder = self._builder(subject, key, now + since, now + until, subject if signs_itself else None)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([name_of(name) for name in names]), critical=False)
        signed = builder.sign(key if signs_itself else self._key, hashes.SHA256())
        file = self._folder / f"{signed.serial_number}.pem"
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
        return file

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        since: datetime,
        until: datetime,
        issuer: x509.Name | None = None,
    ) -> x509.CertificateBuilder:
        signer = key if issuer else self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
        )
        if not self._identified:
            return builder
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
