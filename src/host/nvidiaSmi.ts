import type { HostReader, Outcome } from './reader.ts';

const LIMIT = { timeout: 2000 };
/** Each field is understood by drivers since 450 unless listed in NEWER. */
const FIELDS = [
  'pci.bus_id',
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'mig.mode.current',
  'persistence_mode',
  'ecc.mode.current',
  'ecc.errors.uncorrected.volatile.total',
  'pcie.link.gen.current',
  'pcie.link.gen.max',
  'pcie.link.width.current',
  'pcie.link.width.max',
  'temperature.gpu',
  'clocks_throttle_reasons.active',
  'compute_mode',
  'driver_version',
] as const;
const NEWER = ['compute_cap'] as const;

export type SmiField = (typeof FIELDS)[number] | (typeof NEWER)[number];
export type SmiRow = Partial<Record<SmiField, string>>;

export interface SmiAnswer {
  state: 'ok' | 'missing' | 'failed' | 'timeout';
  /** Its own words where it fails. */
  message: string | null;
  rows: SmiRow[];
  cuda: string | null;
}

const NOTHING =
  /^\[?(n\/?a|not supported|unknown error|insufficient permissions|requested functionality.*)\]?$/i;

/** Lines of `--format=csv,noheader,nounits`. A line with another number of fields is not an answer. */
export function parseRows(text: string, fields: readonly SmiField[]): SmiRow[] {
  return text.split('\n').flatMap((line) => {
    const cells = line.split(', ').map((cell) => cell.trim());
    if (
      cells.length !== fields.length ||
      !/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/i.test(cells[0] ?? '')
    )
      return [];
    const row: SmiRow = {};
    fields.forEach((field, at) => {
      const cell = cells[at] ?? '';
      if (cell !== '' && !NOTHING.test(cell)) row[field] = cell;
    });
    return [row];
  });
}

function query(reader: HostReader, program: string, fields: readonly SmiField[]): Promise<Outcome> {
  return reader.exec(program, [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'], LIMIT);
}

/** The header changed its wording with driver 610 (`CUDA UMD Version`); nothing but this one number is taken from it. */
function cudaOf(text: string): string | null {
  return /CUDA (?:UMD )?Version\s*:\s*(\d+\.\d+)/i.exec(text)?.[1] ?? null;
}

async function ask(reader: HostReader, program: string): Promise<SmiAnswer> {
  const [version, first] = await Promise.all([
    reader.exec(program, ['--version'], LIMIT),
    query(reader, program, [...FIELDS, ...NEWER]),
  ]);
  let fields: readonly SmiField[] = [...FIELDS, ...NEWER];
  let outcome = first;
  if (outcome.found && !outcome.timedOut && /not a valid field/i.test(outcome.stdout + outcome.stderr)) {
    fields = FIELDS.slice(0, 6);
    outcome = await query(reader, program, fields);
  }
  if (!outcome.found) return { state: 'missing', message: null, rows: [], cuda: null };
  if (outcome.timedOut) {
    return { state: 'timeout', message: 'nvidia-smi did not answer within 2 s', rows: [], cuda: null };
  }
  const rows = parseRows(outcome.stdout, fields);
  const cuda = cudaOf(version.stdout);
  if (outcome.code === 0 && rows.length > 0) return { state: 'ok', message: null, rows, cuda };
  const words = `${outcome.stdout}\n${outcome.stderr}`.trim().split('\n').slice(0, 2).join(' ').slice(0, 300);
  return { state: 'failed', message: words || `nvidia-smi ended with code ${outcome.code}`, rows, cuda };
}

/** Asks nvidia-smi with a limit of two seconds; in WSL it lies outside PATH. */
export async function askNvidiaSmi(reader: HostReader): Promise<SmiAnswer> {
  const answer = await ask(reader, 'nvidia-smi');
  return answer.state === 'missing' ? ask(reader, '/usr/lib/wsl/lib/nvidia-smi') : answer;
}

export interface MigInstance {
  gpu: number;
  uuid: string;
  profile: string;
}

/** MIG devices as `nvidia-smi -L` lists them, by the GPU line above each. */
export async function listMig(reader: HostReader): Promise<MigInstance[]> {
  const { stdout } = await reader.exec('nvidia-smi', ['-L'], LIMIT);
  const found: MigInstance[] = [];
  let gpu = -1;
  for (const line of stdout.split('\n')) {
    const head = /^GPU (\d+):/.exec(line)?.[1];
    if (head !== undefined) gpu = Number(head);
    const [, profile, uuid] = /^\s+MIG (\S+)\s+Device.*\(UUID: (MIG-[^)]+)\)/.exec(line) ?? [];
    if (profile && uuid) found.push({ gpu, uuid, profile });
  }
  return found;
}
