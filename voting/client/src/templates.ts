/**
 * The XML of docs/formats, filled in, matched, and exclusive C14N of the two parts that are digested
 * and signed. No XML is parsed: what is canonical of a text that we write is known beforehand.
 */

import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "../../../crypto/js/bytes.js";
import { EncodingError } from "../../../crypto/js/errors.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";

const DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"';
const XADES = 'xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"';
const C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";

/** The values of a signature's template but the signature value itself. */
export interface SignatureFields {
  /** Its number in the container, from 0. */
  readonly number: number;
  /** The data file. */
  readonly name: string;
  readonly algorithm: string;
  /** H(data) in base64. */
  readonly dataDigest: string;
  readonly certificate: Uint8Array;
  /** YYYY-MM-DDTHH:MM:SSZ. */
  readonly signingTime: string;
}

/** Every place of the template, as text. */
interface Texts {
  readonly n: string;
  readonly name: string;
  readonly algorithm: string;
  readonly dataDigest: string;
  readonly propertiesDigest: string;
  readonly signature: string;
  readonly certificate: string;
  readonly certificateDigest: string;
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

/** META-INF/signatures<number>.xml. */
export function signatureXml(fields: SignatureFields, value: Uint8Array): Uint8Array {
  return encodeUtf8(template({ ...textsOf(fields), signature: encodeBase64(value) }));
}

/**
 * The values in XML of this shape, from which `signatureXml` makes it again if it is ours: the caller
 * compares. Throws EncodingError.
 */
export function readSignatureXml(
  xml: Uint8Array,
  number: number,
): { readonly fields: SignatureFields; readonly value: Uint8Array } {
  const found = PATTERN.exec(decodeUtf8(xml, "a signature"))?.groups;
  if (found === undefined) throw new EncodingError("a signature is not the template of one");
  const text = (name: keyof Texts): string => found[name] ?? "";
  const fields = {
    number,
    name: text("name"),
    algorithm: text("algorithm"),
    dataDigest: text("dataDigest"),
    certificate: decodeBase64(text("certificate")),
    signingTime: text("signingTime"),
  };
  return { fields, value: decodeBase64(text("signature")) };
}

/** Exclusive C14N of ds:SignedInfo: the bytes that the signature value signs. */
export function signedInfo(fields: SignatureFields): Uint8Array {
  return encodeUtf8(signedInfoXml(textsOf(fields), ` ${DS}`));
}

function textsOf(fields: SignatureFields): Texts {
  const texts = {
    n: String(fields.number),
    name: fields.name,
    algorithm: fields.algorithm,
    dataDigest: fields.dataDigest,
    propertiesDigest: "",
    signature: "",
    certificate: encodeBase64(fields.certificate),
    certificateDigest: encodeBase64(hashBytes(fields.certificate)),
    signingTime: fields.signingTime,
  };
  const properties = encodeUtf8(propertiesXml(texts, ` ${XADES}`, ` ${DS}`));
  return { ...texts, propertiesDigest: encodeBase64(hashBytes(properties)) };
}

function template(of: Texts): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<asic:XAdESSignatures ' +
    `xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" ${DS} ${XADES}>` +
    `<ds:Signature Id="S${of.n}">${signedInfoXml(of, "")}` +
    `<ds:SignatureValue Id="S${of.n}-SIG">${of.signature}</ds:SignatureValue>` +
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
    `${of.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>` +
    `<xades:QualifyingProperties Target="#S${of.n}">${propertiesXml(of, "", "")}` +
    "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n"
  );
}

/** `ds` is the declaration that C14N puts where the prefix is first used. */
function signedInfoXml(of: Texts, ds: string): string {
  return (
    `<ds:SignedInfo${ds}>` +
    `<ds:CanonicalizationMethod Algorithm="${C14N}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${of.algorithm}"></ds:SignatureMethod>` +
    `<ds:Reference Id="S${of.n}-R0" URI="${of.name}">${digestXml(of.dataDigest, "")}` +
    "</ds:Reference>" +
    `<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#S${of.n}-SP">` +
    `<ds:Transforms><ds:Transform Algorithm="${C14N}"></ds:Transform></ds:Transforms>` +
    `${digestXml(of.propertiesDigest, "")}</ds:Reference></ds:SignedInfo>`
  );
}

function propertiesXml(of: Texts, xades: string, ds: string): string {
  return (
    `<xades:SignedProperties${xades} Id="S${of.n}-SP"><xades:SignedSignatureProperties>` +
    `<xades:SigningTime>${of.signingTime}</xades:SigningTime>` +
    "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>" +
    `${digestXml(of.certificateDigest, ds)}` +
    "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>" +
    "</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>" +
    `<xades:DataObjectFormat ObjectReference="#S${of.n}-R0">` +
    "<xades:MimeType>application/json</xades:MimeType></xades:DataObjectFormat>" +
    "</xades:SignedDataObjectProperties></xades:SignedProperties>"
  );
}

function digestXml(digest: string, ds: string): string {
  return (
    `<ds:DigestMethod${ds} Algorithm="${SHA256}"></ds:DigestMethod>` +
    `<ds:DigestValue${ds}>${digest}</ds:DigestValue>`
  );
}

/** What each place may hold; a value that stands twice is found once, and compared by the caller. */
const FORMS: Texts = {
  n: "[0-9]{1,2}",
  name: "[A-Za-z0-9.-]{1,80}",
  algorithm: "http://www\\.w3\\.org/2001/04/xmldsig-more#(?:ecdsa-sha256|ecdsa-sha384|rsa-sha256)",
  dataDigest: "[A-Za-z0-9+/]{43}=",
  propertiesDigest: "[A-Za-z0-9+/]{43}=",
  signature: "[A-Za-z0-9+/]{4,1400}={0,2}",
  certificate: "[A-Za-z0-9+/]{4,11000}={0,2}",
  certificateDigest: "[A-Za-z0-9+/]{43}=",
  signingTime: "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
};

/** The template with the form of a value in each place. */
function pattern(): RegExp {
  const places = Object.fromEntries(
    Object.keys(FORMS).map((name) => [name, `\u0000${name}\u0000`]),
  );
  const seen = new Set<string>();
  const parts = template(places as unknown as Texts).split("\u0000");
  const source = parts.map((part, i) => {
    if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const form = FORMS[part as keyof Texts];
    if (seen.has(part)) return `(?:${form})`;
    seen.add(part);
    return `(?<${part}>${form})`;
  });
  return new RegExp(`^${source.join("")}$`);
}

const PATTERN = /* @__PURE__ */ pattern();
