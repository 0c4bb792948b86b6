import type { XidFact } from './facts.ts';
import type { Note } from './notes.ts';
import type { HostReader } from './reader.ts';

/** Xid reports of the NVIDIA kernel module: `NVRM: Xid (PCI:0000:01:00): 79, pid=...`. The last twenty. */
export async function readXid(reader: HostReader, note: Note): Promise<XidFact[] | null> {
  const outcome = await reader.exec('dmesg', [], { timeout: 2000 });
  if (!outcome.found || outcome.code !== 0) {
    note('xid', outcome.found ? outcome.stderr || 'dmesg failed' : 'the program dmesg is missing');
    return null;
  }
  const found: XidFact[] = [];
  for (const line of outcome.stdout.split('\n')) {
    const code = /NVRM: Xid \([^)]*\): (\d+)/.exec(line)?.[1];
    if (code) found.push({ code: Number(code), line: line.trim().slice(0, 300) });
  }
  return found.slice(-20);
}
