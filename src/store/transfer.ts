import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RigError, errnoOf, messageOf } from '../kernel/index.ts';
import { Refusal } from './failures.ts';
import { type Http, type HttpAnswer, connectionFailure } from './http.ts';
import { type Location, redactUrl } from './location.ts';
import { type PumpOptions, type Stretch, pump } from './pump.ts';
import { isPassing } from './retry.ts';

/** What is known of one place after its first answer. */
export interface Place {
  location: Location;
  /** Undefined until the first range request. */
  servesRanges?: boolean;
  /** Ask for whole files only. */
  plain?: boolean;
  /** A strong validator: later requests insist on the same content. */
  etag?: string;
}

export interface StreamOptions extends PumpOptions {
  http: Http;
  label: string;
  signal: AbortSignal;
}

/**
 * Fetches one stretch from one place and writes it where it belongs. `stretch.pos` tells how far it came, also after an error.
 * Throws Refusal when asking again is useless, otherwise what went wrong on the way.
 */
export async function streamStretch(place: Place, stretch: Stretch, options: StreamOptions): Promise<void> {
  if (place.location.url.startsWith('file:')) return copyStretch(place.location.url, stretch, options);
  const partial = stretch.pos > 0 || stretch.end < options.part.size;
  const answer = await options.http.get(place.location, {
    signal: options.signal,
    headers: partial
      ? {
          range: `bytes=${stretch.pos}-${stretch.end - 1}`,
          ...(place.etag && { 'if-range': place.etag }),
        }
      : {},
  });
  try {
    await judge(answer, place, stretch, options);
    await pump(answer.body, stretch, options);
  } catch (error) {
    throw inWords(error, place.location.url);
  } finally {
    answer.body.destroy();
  }
}

async function judge(
  answer: HttpAnswer,
  place: Place,
  stretch: Stretch,
  options: StreamOptions,
): Promise<void> {
  const { part, label } = options;
  const at = redactUrl(place.location.url);
  const { status, headers } = answer;
  if (status !== 200 && status !== 206) {
    const words = `${at} answered ${status}`;
    if (isPassing(status)) throw Object.assign(new Error(words), { headers });
    throw new Refusal(status === 416 ? `${words}: it has fewer bytes than ${part.size}` : words, {
      isGone: status === 404 || status === 410,
    });
  }
  const type = headers['content-type'] ?? '';
  if (/^text\/html\b/i.test(type) && !/[.]html?$/.test(label))
    throw new Refusal(`${at} answered with a web page (${type})`);
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity')
    throw new Refusal(`${at} answered with ${headers['content-encoding']}-encoded content`);
  const etag = headers['etag'];
  if (etag && !etag.startsWith('W/')) place.etag = etag;
  if (status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
    if (range?.[3] && range[3] !== '*' && Number(range[3]) !== part.size)
      throw wrongSize(at, part.size, Number(range[3]));
    if (!range || Number(range[1]) !== stretch.pos || Number(range[2]) < stretch.pos)
      throw new Refusal(`${at} answered with another range (${headers['content-range'] ?? 'none'})`);
    place.servesRanges = true;
    return;
  }
  if (stretch.pos === 0 && headers['accept-ranges'] === 'bytes' && !place.plain) place.servesRanges = true;
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== part.size) throw wrongSize(at, part.size, Number(length));
  if (stretch.pos > 0 || stretch.end < part.size) {
    place.servesRanges = false;
    if (stretch.pos > 0) throw new WholeOnly(`${at} does not serve ranges`);
  }
}

/** What undici says of a broken transfer, in words and with the address. */
function inWords(error: unknown, url: string): unknown {
  return (errnoOf(error) ?? '').startsWith('UND_ERR') || errnoOf(error) === 'ECONNRESET'
    ? connectionFailure(url, error)
    : error;
}

/** The place sends whole files only, and a later part was asked for. */
export class WholeOnly extends Error {}

function wrongSize(at: string, wanted: number, got: number): Refusal {
  return new Refusal(`${at} has ${got} bytes, but ${wanted} were expected`, { isMismatch: true });
}

/** A find-links folder or a local index: the same as a download. */
async function copyStretch(url: string, stretch: Stretch, options: StreamOptions): Promise<void> {
  const path = fileURLToPath(url);
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new Refusal(`${path}: ${messageOf(error)}`, { isGone: errnoOf(error) === 'ENOENT' });
  });
  try {
    const { size } = await handle.stat();
    if (size !== options.part.size) throw wrongSize(path, options.part.size, size);
    const input = handle.createReadStream({
      start: stretch.pos,
      end: stretch.end - 1,
      highWaterMark: 1 << 20,
      autoClose: false,
      signal: options.signal,
    });
    await pump(input, stretch, options);
  } finally {
    await handle.close();
  }
}

/** Errors that end the whole fetch instead of one try: the disk's, and interruption. */
export function isFatal(error: unknown): boolean {
  return error instanceof RigError && (error.code === 'RIG-STORE-004' || error.code === 'RIG-STORE-005');
}
