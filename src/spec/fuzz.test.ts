import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';
import { packageFolder } from './packageFolder.ts';
import { validateFile } from './validateFile.ts';

const ENV = { A: 'value-of-a', EMPTY: '' };
const WORDS =
  'name torch packages python mounts source ports jupyter env gpus memory A null 2.10 32g /data:/x'.split(
    ' ',
  );
const SIGNS =
  ': |:|- | |\n|\n  |\n    |{|}|[|]|,|"|#|&a |*a|!t |>|${A}|${|${A:-|$$|---|...|?|%YAML|~|\t|\r\n|\uFEFF|é'.split(
    '|',
  );
const PARTS = WORDS.concat(SIGNS, "'", '|');
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 200);

describe('whatever a file holds', () => {
  it('is accepted or refused with positions, never thrown at', () => {
    const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (each) => {
        const result = validateFile(new TextEncoder().encode(each), ENV);
        if ('spec' in result) return;
        expect(result.findings.length).toBeGreaterThan(0);
        for (const { line, column, message } of result.findings) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(message).not.toContain('value-of-a');
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  it('is bytes at random: never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        expect(['spec', 'findings']).toContain(Object.keys(validateFile(bytes, ENV))[0]);
      }),
      { numRuns: RUNS },
    );
  });

  it('is left alone by variables where it has none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('$'));
        expect(interpolate(text, ENV)).toEqual({ text });
      }),
      { numRuns: RUNS },
    );
  });
});

it('the example in the documentation is valid', async () => {
  const page = await readFile(join(packageFolder(), 'docs', 'torchrig-yaml.md'), 'utf8');
  const example = /```yaml\n(preset[\s\S]*?)```/.exec(page)?.[1] ?? '';
  expect(validateFile(new TextEncoder().encode(example), {})).toMatchObject({
    spec: { name: 'my-lab', cpus: 8 },
  });
});
