/** Values of variables and settings whose names say that they are secret. */
const SECRET =
  /\b([\w.-]*(?:token|secret|passw(?:or)?d|api[_-]?key|credential|auth(?:orization)?|cookie)[\w.-]*)(["']?\s*[:=]\s*["']?)([^\s"',;]{3,})/gi;

/** Addresses of private networks, but not `==10.3.7.77`, a version. */
const PRIVATE_ADDRESS =
  /(?<![\w.=-])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\w.])/g;
/** Others where they are clearly addresses: after `//`, before a port. Four-part versions are common here. */
const SPOKEN_ADDRESS =
  /(?<=\/\/)(?!127\.|0\.0\.0\.0)(?:\d{1,3}\.){3}\d{1,3}\b|(?<![\w.=-])(?!127\.|0\.0\.0\.0)(?:\d{1,3}\.){3}\d{1,3}(?=:\d{2,5}\b)/g;

/** Replaces what identifies a person or opens a door; `names`: user, host and home of this machine. */
export function redactor(names: {
  user?: string | undefined;
  host?: string | undefined;
  home?: string | undefined;
}): (text: string) => string {
  // root is everyone's name, and part of many others.
  const user = names.user === 'root' ? undefined : names.user;
  const literal: [RegExp, string][] = [
    ...(names.home && names.home !== '/'
      ? [[new RegExp(`(?<![\\w.-])${escaped(names.home)}(?![\\w-])`, 'g'), '~'] as [RegExp, string]]
      : []),
    [/(?<=\/(?:home|Users)\/)[^\s/"',:;]+/g, '<user>'],
    ...word(user, '<user>'),
    // with its domain
    ...word(names.host?.split('.')[0], '<host>', '(?:\\.[a-z0-9-]+)*'),
  ];
  return (text) => {
    let out = text
      .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, '$1<credentials>@')
      .replace(/\b(?:bearer|basic)\s+[a-z0-9._~+/=-]{8,}/gi, '<secret>')
      .replace(SECRET, '$1$2<secret>')
      .replace(/\b(?:ghp|gho|hf|sk|pk|glpat|xox[abp])[_-][A-Za-z0-9_-]{8,}/g, '<secret>')
      .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, '<private key>')
      .replace(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, '<mac>')
      .replace(/\b(GPU|MIG)-[0-9a-f]{8}-[0-9a-f-]{8,}\b/gi, '$1-<uuid>')
      .replace(PRIVATE_ADDRESS, '<address>')
      .replace(SPOKEN_ADDRESS, '<address>')
      .replace(/[\w.+-]+@[\w-]+\.[\w.-]+/g, '<e-mail>');
    for (const [from, to] of literal) out = out.replace(from, to);
    return out;
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The name as a word of its own: a host called vm must not turn libnvvm.so into something else. */
function word(name: string | undefined, to: string, tail = ''): [RegExp, string][] {
  if (name === undefined || name.length < 2) return [];
  return [[new RegExp(`(?<![A-Za-z0-9])${escaped(name)}${tail}(?![A-Za-z0-9])`, 'g'), to]];
}
