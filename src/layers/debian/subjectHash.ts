import { createHash } from 'node:crypto';
import { der, derElements } from './derReader.ts';

const SET = 0x31;
const SEQUENCE = 0x30;
const UTF8 = 0x0c;
const VERSION = 0xa0;

/** Text of the string types that OpenSSL folds for comparison, by tag; other types are hashed as they are. */
const DECODERS: Readonly<Record<number, (content: Buffer) => string>> = {
  0x0c: (content) => content.toString('utf8'),
  0x13: (content) => content.toString('latin1'),
  0x14: (content) => content.toString('latin1'),
  0x16: (content) => content.toString('latin1'),
  0x1a: (content) => content.toString('latin1'),
  0x1c: (content) => {
    const points = Array.from({ length: content.length >> 2 }, (_, at) => content.readUInt32BE(at * 4));
    return String.fromCodePoint(...points);
  },
  0x1e: (content) => Buffer.from(content).swap16().toString('utf16le'),
};

/** Trimmed, blanks collapsed, ASCII in lower case. */
function folded(text: string): string {
  return text
    .replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '')
    .replace(/[ \t\n\v\f\r]+/g, ' ')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function canonicalName(name: Buffer): Buffer {
  const sets = derElements(name).map(({ content }) => {
    const pairs = derElements(content).map((pair) => {
      const [type, value] = derElements(pair.content);
      if (!type || !value) throw new Error('a name part without value');
      const decode = DECODERS[value.tag];
      const text = decode ? der(UTF8, Buffer.from(folded(decode(value.content)))) : value.whole;
      return der(SEQUENCE, Buffer.concat([type.whole, text]));
    });
    return der(SET, Buffer.concat(pairs.sort((a, b) => Buffer.compare(a, b))));
  });
  return Buffer.concat(sets);
}

function subjectOf(certificate: Buffer): Buffer {
  const [outer] = derElements(certificate);
  const [body] = outer ? derElements(outer.content) : [];
  const fields = body ? derElements(body.content) : [];
  // version (optional), serial, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4];
  if (subject?.tag !== SEQUENCE) throw new Error('no subject');
  return subject.content;
}

/** DER of the first certificate in a PEM text. */
export function certificateOf(pem: string): Buffer {
  const match = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem);
  if (!match) throw new Error('no certificate');
  return Buffer.from(match[1] ?? '', 'base64');
}

/** The name under which OpenSSL looks for a certificate in a folder: `openssl x509 -subject_hash` (X509_NAME_hash of OpenSSL 1.0 and later). */
export function subjectHash(certificate: Buffer): string {
  const digest = createHash('sha1')
    .update(canonicalName(subjectOf(certificate)))
    .digest();
  return digest.readUInt32LE(0).toString(16).padStart(8, '0');
}
