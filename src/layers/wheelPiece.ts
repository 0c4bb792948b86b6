import { canonicalJson, sha256Hex } from '../kernel/index.ts';
import { fileReader } from './byteReader.ts';
import { commandScript, parseCommands } from './entryPoints.ts';
import { ENV_ROOT, LAYER_FORMAT } from './format.ts';
import type { Piece, PieceEntry } from './piece.ts';
import { fileEntry, inlineEntry, sortedWithParents } from './pieceEntries.ts';
import type { PieceSource } from './pieceSource.ts';
import { readWheel, type WheelListing } from './readWheel.ts';
import { recordHash, recordHashes, recordText, type RecordRow } from './record.ts';
import { parseWheelFileName } from './wheelFileName.ts';
import { wheelFault } from './wheelFault.ts';
import { installPlan, sitePackages, type EnvironmentPaths, type InstallStep } from './wheelScheme.ts';

/** A wheel by content, as the lock names it. */
export interface WheelInput {
  /** File name, `torch-2.7.1-cp311-cp311-manylinux_2_28_x86_64.whl`. */
  file: string;
  sha256: string;
  size: number;
  /** `3.11`. */
  python: string;
  /** Default `opt/torchrig/env`. */
  envRoot?: string;
}

/** Where a wheel's files go. */
export const environmentPaths = (wheel: WheelInput): EnvironmentPaths => ({
  python: wheel.python,
  envRoot: wheel.envRoot ?? ENV_ROOT,
});

/** Key of a wheel's piece: a function of its hash and the install rules. */
export function wheelKey(wheel: WheelInput): string {
  return sha256Hex(
    canonicalJson({
      kind: 'wheel',
      format: LAYER_FORMAT,
      sha256: wheel.sha256,
      file: wheel.file,
      ...environmentPaths(wheel),
    }),
  );
}

/** A wheel's piece, read when needed from the stored file. Throws RIG-LAYERS-007 for a bad file name. */
export function wheelSource(wheel: WheelInput, storedPath: () => string | Promise<string>): PieceSource {
  const id = parseWheelFileName(wheel.file);
  const head = {
    key: wheelKey(wheel),
    kind: 'wheel' as const,
    name: id.name,
    title: `${id.name} ${id.version}`,
  };
  return { ...head, weight: wheel.size, load: async () => wheelPiece(wheel, await storedPath()) };
}

/** A wheel in image terms, and which entries of the zip become files as they are. */
export interface InstalledWheel {
  piece: Piece;
  copies: InstallStep[];
}

/**
 * A wheel in image terms, from its stored file, whose sha256 the caller has verified (so its RECORD's hashes are believed).
 * Throws RIG-LAYERS-001 to -009, -011.
 */
export function wheelPiece(wheel: WheelInput, storedPath: string): Piece {
  return installWheel(wheel, storedPath).piece;
}

/** As `wheelPiece`, with the list of what is to be unpacked. */
export function installWheel(wheel: WheelInput, storedPath: string): InstalledWheel {
  const reader = fileReader(storedPath);
  try {
    const listing = readWheel(wheel.file, reader);
    const { entries, copies } = wheelEntries(listing, wheel);
    const { name, version } = listing.id;
    const head = { key: wheelKey(wheel), kind: 'wheel' as const, name, title: `${name} ${version}` };
    return { piece: { ...head, entries: sortedWithParents(entries) }, copies };
  } finally {
    reader.close();
  }
}

function wheelEntries(
  listing: WheelListing,
  wheel: WheelInput,
): { entries: PieceEntry[]; copies: InstallStep[] } {
  const at = environmentPaths(wheel);
  const fault = wheelFault(wheel.file);
  const info = (name: string): Buffer | undefined => listing.text(`${listing.distInfo}/${name}`);
  const ownRecord = info('RECORD');
  if (!ownRecord || !info('WHEEL'))
    throw fault('007', `has no ${ownRecord ? 'WHEEL' : 'RECORD'} in its .dist-info`);
  const hashes = recordHashes(ownRecord.toString());
  const commands = parseCommands(info('entry_points.txt')?.toString() ?? '', fault);
  const interpreter = `/${at.envRoot}/bin/python`;
  const installed = new InstalledFiles(at);
  for (const step of installPlan(listing, at)) {
    // A wrapper that the wheel carries besides declaring the command is replaced by ours, as pip does.
    const isWrapper =
      step.kind === 'script' && commands.some(({ name }) => step.path === `${at.envRoot}/bin/${name}`);
    if (step.kind === 'drop' || isWrapper) continue;
    const rewritten = step.kind === 'script' ? rewrittenScript(listing, step, interpreter) : undefined;
    if (rewritten) installed.addInline(step.path, step.mode, rewritten);
    else {
      installed.add(splicedEntry(listing, step, wheel.sha256), hashes.get(step.entry.name) ?? '');
      installed.copies.push(step);
    }
  }
  for (const command of commands)
    installed.addInline(`${at.envRoot}/bin/${command.name}`, 0o755, commandScript(command, interpreter));
  const distInfo = `${sitePackages(at)}/${listing.distInfo}`;
  installed.addInline(`${distInfo}/INSTALLER`, 0o644, 'rig\n');
  installed.addRecord(`${distInfo}/RECORD`);
  return installed;
}

/** The files of a wheel with their rows in RECORD. */
class InstalledFiles {
  readonly entries: PieceEntry[] = [];
  readonly copies: InstallStep[] = [];
  readonly #rows: RecordRow[] = [];
  readonly #site: string;
  readonly #envRoot: string;

  constructor(at: EnvironmentPaths) {
    this.#site = `${sitePackages(at)}/`;
    this.#envRoot = at.envRoot;
  }

  add(entry: PieceEntry, hash: string): void {
    this.entries.push(entry);
    this.#rows.push({ path: this.#fromSite(entry.path), hash, size: entry.size });
  }

  addInline(path: string, mode: number, content: string | Uint8Array): void {
    const bytes = Buffer.from(content);
    this.add(inlineEntry(path, mode, bytes), recordHash(bytes));
  }

  /** RECORD lists everything, and itself without hash. */
  addRecord(path: string): void {
    this.#rows.push({ path: this.#fromSite(path), hash: '', size: undefined });
    this.entries.push(inlineEntry(path, 0o644, Buffer.from(recordText(this.#rows))));
  }

  // RECORD's paths are relative to site-packages: `../../../bin/x` for what lies elsewhere in the environment.
  #fromSite(path: string): string {
    return path.startsWith(this.#site)
      ? path.slice(this.#site.length)
      : `../../..${path.slice(this.#envRoot.length)}`;
  }
}

function splicedEntry(listing: WheelListing, { entry, path, mode }: InstallStep, sha256: string): PieceEntry {
  return fileEntry(path, mode, entry.size, {
    from: 'blob',
    sha256,
    offset: listing.offsets.get(entry.name) ?? 0,
    length: entry.compressedSize,
    method: entry.method,
    crc32: entry.crc32,
  });
}

// `#!python` (and `#!pythonw`) in a script stands for the interpreter of the environment (PEP 427).
function rewrittenScript(listing: WheelListing, step: InstallStep, interpreter: string): Buffer | undefined {
  if (listing.head(step.entry, 8).toString('latin1') !== '#!python') return undefined;
  const content = listing.text(step.entry.name) ?? Buffer.alloc(0);
  const end = content.indexOf(10);
  const first = (end < 0 ? content : content.subarray(0, end)).toString().trimEnd();
  const options = first.replace(/^#!pythonw?[\d.]*/, '');
  return Buffer.concat([
    Buffer.from(`#!${interpreter}${options}`),
    end < 0 ? Buffer.from('\n') : content.subarray(end),
  ]);
}
