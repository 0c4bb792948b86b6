import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadTables } from '../../compat/index.ts';
import { RULES } from './catalogue.ts';
import { LiteralFinder } from './literals.ts';
import { explainStream, explainText } from './explainText.ts';
import { explainId } from './explainId.ts';

const ids = (text: string): string[] => explainText(text).map(({ id }) => id);

describe('each rule', () => {
  it.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
    expect(rule.hits.length).toBeGreaterThan(0);
    expect(rule.misses.length).toBeGreaterThan(0);
    for (const line of rule.hits) expect([line, ...ids(line)]).toEqual([line, id]);
    for (const line of rule.misses) expect([line, ...ids(line)]).not.toContain(id);
    expect(rule.source.length).toBeGreaterThan(0);
    for (const other of rule.yieldsTo ?? []) expect(RULES.map((each) => each.id)).toContain(other);
  });
});

describe('the rules together', () => {
  it('have each id once', () => {
    expect(new Set(RULES.map((rule) => rule.id)).size).toBe(RULES.length);
  });

  it('name only pages of ours that exist', async () => {
    const pages = new Set(RULES.flatMap(({ source }) => source).filter((each) => each.startsWith('docs/')));
    for (const page of pages) {
      const [file = '', anchor] = page.split('#');
      const text = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');
      expect(text).toContain(anchor ? `## ${anchor}\n` : '# ');
    }
    expect(pages.size).toBeGreaterThan(0);
  });

  it('cover every known issue of the tables, with its confidence', async () => {
    const { tables } = await loadTables();
    for (const issue of tables.issues) {
      const rule = RULES.find(({ id }) => id === issue.id);
      expect([issue.id, rule?.confidence]).toEqual([issue.id, issue.confidence]);
    }
  });
});

describe('LiteralFinder', () => {
  it('finds what includes() finds, overlapping and nested literals too', () => {
    const literals = ['he', 'she', 'his', 'hers', 'shell', 'ell', 'a'];
    const finder = new LiteralFinder(literals);
    const texts = ['ushers', 'shell', 'xhisx', 'sh', '', 'éhers', 'shshell', 'bcd'];
    for (const text of texts) {
      const found = [...finder.find(text)].map((number) => literals[number]);
      expect(new Set(found)).toEqual(new Set(literals.filter((literal) => text.includes(literal))));
    }
  });

  it('is given ASCII only', () => {
    const literals = RULES.flatMap((rule) => rule.signs.map(({ has }) => has));
    expect(literals.filter((has) => !/^[\x20-\x7e]{3,}$/.test(has))).toEqual([]);
  });
});

describe('explainText', () => {
  it('says nothing of what it does not know', () => {
    expect(explainText('epoch 3: loss 0.12\nValueError: the moon is full\n')).toEqual([]);
  });

  it('finds the line, counts, and leaves the general out where the precise is there', () => {
    const log = [
      'epoch 1',
      'UserWarning: NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.',
      'RuntimeError: CUDA error: no kernel image is available for execution on the device',
      'RuntimeError: CUDA error: no kernel image is available for execution on the device',
    ];
    expect(explainText(log.join('\n'))).toMatchObject([
      { id: 'sm120_unsupported', seen: { line: 2, count: 1 } },
    ]);
    expect(explainText(log.slice(2).join('\n'))).toMatchObject([
      { id: 'no_kernel_image', seen: { line: 1, count: 2 } },
    ]);
  });

  it('strips colours from what it shows', () => {
    const [found] = explainText('\u001b[31mRuntimeError: No CUDA GPUs are available\u001b[0m');
    expect(found?.seen?.text).toBe('RuntimeError: No CUDA GPUs are available');
  });

  it("knows rig's own codes, and only those of the catalogue", () => {
    const catalogue = { 'RIG-LOCK-003': { title: 'stale', explanation: 'Why.' } } as const;
    expect(explainText('error[RIG-LOCK-003]: x\nRIG-LOCK-999', { catalogue })).toMatchObject([
      { id: 'RIG-LOCK-003', cause: 'Why.' },
    ]);
    expect(explainId('rig-lock-003', { catalogue })?.title).toBe('stale');
    expect(explainId('err804')?.seen).toBeNull();
    expect(explainId('shm-small')?.cause).toContain('64 MB');
    expect(explainId('nonsense')).toBeUndefined();
  });

  it('gives the same answer however a stream is cut, within one very long line too', async () => {
    const text = `${'x'.repeat(150_000)} CUDA out of memory ${'y'.repeat(9)}\nend\nNo CUDA GPUs are available`;
    async function* pieces(size: number): AsyncGenerator<Buffer> {
      for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
    }
    for (const size of [7, 4096, 1_000_000]) {
      const found = await explainStream(pieces(size));
      expect(found.map(({ id, seen }) => [id, seen?.line])).toEqual([
        ['cuda_oom', 1],
        ['no_gpus', 3],
      ]);
    }
  });
});
