/**
 * The XML of docs/formats, filled in, and exclusive C14N of the two parts that are digested and
 * signed. No XML is parsed: what is canonical of a text that we write is known beforehand.
 */

import { encodeBase64, encodeUtf8 } from "../../../crypto/js/bytes.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";

const DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"';
const XADES = 'xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"';
const C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";

/** The values of the signature's template; the first and only signature has the number 0. */
export interface SignatureValues {
  readonly name: string;
  readonly algorithm: string;
  readonly data: Uint8Array;
  readonly certificate: Uint8Array;
  /** YYYY-MM-DDTHH:MM:SSZ. */
  readonly signingTime: string;
}

export function manifestXml(name: string): Uint8Array {
  return encodeUtf8(
    '<?xml version="1.0" encoding="UTF-8"?>\n<manifest:manifest ' +
      'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">' +
      '<manifest:file-entry manifest:full-path="/" ' +
      'manifest:media-type="application/vnd.etsi.asic-e+zip"/>' +
      `<manifest:file-entry manifest:full-path="${name}" ` +
      'manifest:media-type="application/json"/></manifest:manifest>\n',
  );
}

/** META-INF/signatures0.xml. */
export function signatureXml(values: SignatureValues, value: Uint8Array): Uint8Array {
  return encodeUtf8(
    '<?xml version="1.0" encoding="UTF-8"?>\n<asic:XAdESSignatures ' +
      `xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" ${DS} ${XADES}>` +
      `<ds:Signature Id="S0">${signedInfoXml(values, "")}` +
      `<ds:SignatureValue Id="S0-SIG">${encodeBase64(value)}</ds:SignatureValue>` +
      "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
      `${encodeBase64(values.certificate)}` +
      "</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>" +
      `<xades:QualifyingProperties Target="#S0">${signedPropertiesXml(values, "", "")}` +
      "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n",
  );
}

/** Exclusive C14N of ds:SignedInfo: the bytes that the signature value signs. */
export function signedInfo(values: SignatureValues): Uint8Array {
  return encodeUtf8(signedInfoXml(values, ` ${DS}`));
}

/** `ds` is the declaration that C14N puts where the prefix is first used. */
function signedInfoXml(values: SignatureValues, ds: string): string {
  const properties = encodeUtf8(signedPropertiesXml(values, ` ${XADES}`, ` ${DS}`));
  return (
    `<ds:SignedInfo${ds}>` +
    `<ds:CanonicalizationMethod Algorithm="${C14N}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${values.algorithm}"></ds:SignatureMethod>` +
    `<ds:Reference Id="S0-R0" URI="${values.name}">${digestXml(values.data, "")}</ds:Reference>` +
    '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#S0-SP">' +
    `<ds:Transforms><ds:Transform Algorithm="${C14N}"></ds:Transform></ds:Transforms>` +
    `${digestXml(properties, "")}</ds:Reference></ds:SignedInfo>`
  );
}

function signedPropertiesXml(values: SignatureValues, xades: string, ds: string): string {
  return (
    `<xades:SignedProperties${xades} Id="S0-SP"><xades:SignedSignatureProperties>` +
    `<xades:SigningTime>${values.signingTime}</xades:SigningTime>` +
    "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>" +
    `${digestXml(values.certificate, ds)}` +
    "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>" +
    "</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>" +
    '<xades:DataObjectFormat ObjectReference="#S0-R0">' +
    "<xades:MimeType>application/json</xades:MimeType></xades:DataObjectFormat>" +
    "</xades:SignedDataObjectProperties></xades:SignedProperties>"
  );
}

function digestXml(data: Uint8Array, ds: string): string {
  const digest = encodeBase64(hashBytes(data));
  return (
    `<ds:DigestMethod${ds} Algorithm="${SHA256}"></ds:DigestMethod>` +
    `<ds:DigestValue${ds}>${digest}</ds:DigestValue>`
  );
}
