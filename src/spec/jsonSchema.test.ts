import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeSchema, SCHEMA_FILE } from '../../scripts/makeSchema.ts';
import { KNOWN_KEYS } from './schema.ts';

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  description?: string;
}

describe('schema/torchrig.schema.json', () => {
  it('is what scripts/makeSchema.ts makes of the validator (run it again when this fails)', async () => {
    expect(await readFile(SCHEMA_FILE, 'utf8')).toBe(makeSchema());
  });

  it('knows the keys that the validator knows, and refuses others', () => {
    const schema = JSON.parse(makeSchema()) as Schema;
    expect(Object.keys(schema.properties ?? {})).toEqual(KNOWN_KEYS['']);
    for (const key of ['packages', 'ports']) {
      expect(Object.keys(schema.properties?.[key]?.properties ?? {})).toEqual(KNOWN_KEYS[key]);
      expect(schema.properties?.[key]?.additionalProperties).toBe(false);
    }
    expect(schema.additionalProperties).toBe(false);
  });
});
