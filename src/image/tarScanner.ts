const BLOCK = 512;
/** Headers that describe the next one: pax, GNU long name and long link. Longer ones are refused. */
const MAX_EXTENSION = 1 << 20;

export interface TarMember {
  /** Without trailing slash. */
  path: string;
  type: 'file' | 'dir' | 'symlink' | 'hardlink' | 'other';
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  target: string;
}

/**
 * Reads a tar archive as it streams by (ustar, pax, GNU long names) and tells of each member; contents are skipped. Problems of the
 * format are reported, each kind a few times; reading goes on where that makes sense.
 */
export class TarScanner {
  readonly #onMember: (member: TarMember) => void;
  readonly #onProblem: (what: string) => void;
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Content and padding still to come. */
  #content = 0;
  #padding = 0;
  #extension: { type: string; parts: Buffer[] } | undefined;
  #pax: Map<string, string> = new Map();
  #zeros = 0;
  #lost = false;

  constructor(onMember: (member: TarMember) => void, onProblem: (what: string) => void) {
    this.#onMember = onMember;
    this.#onProblem = onProblem;
  }

  feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#lost;) {
      if (this.#content > 0) at += this.#takeContent(chunk.subarray(at));
      else if (this.#padding > 0) at += this.#takePadding(chunk.subarray(at));
      else {
        const count = Math.min(BLOCK - this.#filled, chunk.length - at);
        chunk.copy(this.#block, this.#filled, at, at + count);
        this.#filled += count;
        at += count;
        if (this.#filled === BLOCK) {
          this.#filled = 0;
          this.#header();
        }
      }
    }
  }

  /** The content and padding of the member just told of will not be fed. */
  skip(): void {
    this.#content = 0;
    this.#padding = 0;
  }

  /** The archive ended here. */
  end(): void {
    if (this.#lost) return;
    if (this.#content + this.#padding + this.#filled > 0) this.#onProblem('the archive ends inside a member');
    else if (this.#zeros < 2) this.#onProblem('the archive does not end with two zero blocks');
  }

  #takeContent(chunk: Buffer): number {
    const count = Math.min(this.#content, chunk.length);
    this.#extension?.parts.push(Buffer.from(chunk.subarray(0, count)));
    this.#content -= count;
    if (this.#content === 0 && this.#extension) this.#finishExtension(this.#extension);
    return count;
  }

  #takePadding(chunk: Buffer): number {
    const count = Math.min(this.#padding, chunk.length);
    if (chunk.subarray(0, count).some((byte) => byte !== 0)) this.#onProblem('padding that is not zero');
    this.#padding -= count;
    return count;
  }

  #header(): void {
    const block = this.#block;
    if (block.every((byte) => byte === 0)) {
      this.#zeros += 1;
      return;
    }
    if (this.#zeros > 0) return this.#loseWay('members behind the end of the archive');
    if (checksum(block) !== octal(block, 148, 8)) return this.#loseWay('a header with a wrong checksum');
    const type = String.fromCodePoint(block[156] ?? 0);
    const size =
      this.#pax.has('size') && !'xgLK'.includes(type) ? Number(this.#pax.get('size')) : octal(block, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) return this.#loseWay('a header without a proper size');
    const hasContent = !'12345'.includes(type);
    this.#content = hasContent ? size : 0;
    this.#padding = hasContent ? (BLOCK - (size % BLOCK)) % BLOCK : 0;
    if ('xgLK'.includes(type)) {
      if (size > MAX_EXTENSION) return this.#loseWay('an extended header of absurd size');
      this.#extension = { type, parts: [] };
      if (size === 0) this.#finishExtension(this.#extension);
      return;
    }
    this.#onMember(this.#member(type, size));
    this.#pax = new Map();
  }

  #loseWay(what: string): void {
    this.#onProblem(what);
    this.#lost = true;
  }

  #member(type: string, size: number): TarMember {
    const block = this.#block;
    const isUstar = block.toString('latin1', 257, 262) === 'ustar' && block[262] === 0;
    const prefix = isUstar ? text(block, 345, 155) : '';
    const name = this.#pax.get('path') ?? (prefix === '' ? '' : `${prefix}/`) + text(block, 0, 100);
    const types: Record<string, TarMember['type']> = {
      '0': 'file',
      '\0': 'file',
      '5': 'dir',
      '2': 'symlink',
      '1': 'hardlink',
    };
    return {
      path: name.replace(/\/$/, ''),
      type: types[type] ?? 'other',
      mode: octal(block, 100, 8),
      uid: Number(this.#pax.get('uid') ?? octal(block, 108, 8)),
      gid: Number(this.#pax.get('gid') ?? octal(block, 116, 8)),
      size,
      mtime: Number(this.#pax.get('mtime') ?? octal(block, 136, 12)),
      target: this.#pax.get('linkpath') ?? text(block, 157, 100),
    };
  }

  #finishExtension({ type, parts }: { type: string; parts: Buffer[] }): void {
    this.#extension = undefined;
    const content = Buffer.concat(parts);
    if (type === 'L') this.#pax.set('path', content.toString().replace(/\0+$/, ''));
    else if (type === 'K') this.#pax.set('linkpath', content.toString().replace(/\0+$/, ''));
    else if (type === 'x') for (const [key, value] of paxRecords(content)) this.#pax.set(key, value);
  }
}

function* paxRecords(content: Buffer): Generator<[string, string]> {
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(0x20, at);
    const length = Number(content.toString('latin1', at, blank));
    if (blank < 0 || !Number.isSafeInteger(length) || length <= blank - at) return;
    const record = content.toString('utf8', blank + 1, at + length - 1);
    const cut = record.indexOf('=');
    if (cut > 0) yield [record.slice(0, cut), record.slice(cut + 1)];
    at += length;
  }
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

/** An octal field, or GNU's base 256 for large numbers; NaN when it is neither. */
function octal(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) return block.readUIntBE(at + length - 6, 6);
  const digits = text(block, at, length).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end);
}
