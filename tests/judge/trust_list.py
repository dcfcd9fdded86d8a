"""A trust list (ETSI TS 119 612) of a test eID's services, signed, as libdigidocpp reads it."""

from __future__ import annotations

import base64
import datetime as dt
import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

TYPE = "http://uri.etsi.org/TrstSvc"
SERVICE = f"""
<TSPService><ServiceInformation>
<ServiceTypeIdentifier>{TYPE}/Svctype/{{kind}}</ServiceTypeIdentifier>
<ServiceName><Name xml:lang="en">{{kind}}</Name></ServiceName>
<ServiceDigitalIdentity><DigitalId><X509Certificate>{{certificate}}</X509Certificate></DigitalId></ServiceDigitalIdentity>
<ServiceStatus>{TYPE}/TrustedList/Svcstatus/granted</ServiceStatus>
<StatusStartingTime>2020-01-01T00:00:00Z</StatusStartingTime>
</ServiceInformation></TSPService>"""
LIST = f"""
<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="ID1"
 TSLTag="http://uri.etsi.org/19612/TSLTag"><SchemeInformation>
<TSLVersionIdentifier>5</TSLVersionIdentifier><TSLSequenceNumber>1</TSLSequenceNumber>
<TSLType>{TYPE}/TrustedList/TSLType/EUgeneric</TSLType>
<SchemeOperatorName><Name xml:lang="en">Test</Name></SchemeOperatorName>
<SchemeTerritory>EE</SchemeTerritory>
<ListIssueDateTime>{{issued}}</ListIssueDateTime>
<NextUpdate><dateTime>{{until}}</dateTime></NextUpdate></SchemeInformation>
<TrustServiceProviderList><TrustServiceProvider><TSPServices>{{services}}</TSPServices>
</TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"""


def furnish(folder: Path, pki: Path) -> None:
    """The folder of a validator that trusts exactly the services of this test eID."""
    import pydigidoc
    from signxml import methods
    from signxml.signer import XMLSigner

    shutil.copytree(Path(pydigidoc.__file__).parent / "schema", folder)
    kinds = {
        "CA/QC": "eid_profile/issuing.pem",
        "Certstatus/OCSP/QC": "services/ocsp.pem",
        "TSA/QTST": "services/tsa.pem",
    }
    services = "".join(
        SERVICE.format(kind=kind, certificate=_der(pki / name)) for kind, name in kinds.items()
    )
    now = dt.datetime.now(dt.UTC)
    text = LIST.format(
        issued=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        until=f"{now + dt.timedelta(days=180):%Y-%m-%dT%H:%M:%SZ}",
        services=services,
    )
    key = rsa.generate_private_key(65537, 2048)
    own = _self_signed(key, now)
    signer = XMLSigner(
        method=methods.enveloped, c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"
    )
    signed = signer.sign(etree.fromstring(text), key=key, cert=[own], reference_uri="ID1")
    (folder / "TL.xml").write_bytes(etree.tostring(signed))
    (folder / "tl.der").write_bytes(own.public_bytes(Encoding.DER))


def _der(path: Path) -> str:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _self_signed(key: rsa.RSAPrivateKey, now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Trust list operator")])
    day = dt.timedelta(days=1)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - day)
        .not_valid_after(now + 200 * day)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
