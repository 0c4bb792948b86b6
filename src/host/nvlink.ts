import { stripVTControlCharacters } from 'node:util';
import type { NvlinkFacts } from './facts.ts';
import type { HostReader } from './reader.ts';

const LIMIT = { timeout: 2000 };

async function linesOf(reader: HostReader, words: readonly string[]): Promise<string[]> {
  const { code, stdout } = await reader.exec('nvidia-smi', words, LIMIT);
  return code === 0 ? stripVTControlCharacters(stdout).split('\n') : [];
}

/**
 * `nvidia-smi nvlink -s`: below a line `GPU 0: ...` a line `Link 3: 26.562 GB/s` for each link. A link without a rate is down;
 * how that is worded (`<inactive>`) does not count. Cards without links are not in the answer.
 */
export async function readNvlinks(reader: HostReader): Promise<Map<number, NvlinkFacts>> {
  const found = new Map<number, NvlinkFacts>();
  let gpu = -1;
  for (const line of await linesOf(reader, ['nvlink', '-s'])) {
    const head = /^GPU (\d+):/.exec(line)?.[1];
    if (head !== undefined) gpu = Number(head);
    const state = /^\s+Link \d+:\s*(.+)$/.exec(line)?.[1];
    if (state === undefined || gpu < 0) continue;
    const rate = /^(\d+(?:\.\d+)?) GB\/s/.exec(state)?.[1];
    const seen = found.get(gpu) ?? { links: 0, active: 0, rate: null };
    found.set(gpu, {
      links: seen.links + 1,
      active: seen.active + (rate === undefined ? 0 : 1),
      rate: rate === undefined ? seen.rate : Number(rate),
    });
  }
  return found;
}

/** The matrix of `nvidia-smi topo -m`: card -> other card -> `NV12`, `PIX`, `SYS`. Its columns are named in the first line. */
export async function readPeers(reader: HostReader): Promise<Map<number, Record<number, string>>> {
  const [head = '', ...rows] = (await linesOf(reader, ['topo', '-m'])).filter((line) => line.trim() !== '');
  const columns = head
    .trim()
    .split(/\s+/)
    .map((name) => /^GPU(\d+)$/.exec(name)?.[1]);
  const found = new Map<number, Record<number, string>>();
  for (const row of rows) {
    const [name = '', ...cells] = row.trim().split(/\s+/);
    const gpu = /^GPU(\d+)$/.exec(name)?.[1];
    if (gpu === undefined) continue;
    const peers: Record<number, string> = {};
    columns.forEach((column, at) => {
      const path = cells[at];
      if (column !== undefined && column !== gpu && path !== undefined && /^[A-Z]{2,4}\d*$/.test(path)) {
        peers[Number(column)] = path;
      }
    });
    found.set(Number(gpu), peers);
  }
  return found;
}
