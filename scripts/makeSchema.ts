import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJsonSchema, type JsonSchema } from '@valibot/to-json-schema';
import { fileSchema, type ForEditors } from '../src/spec/schema.ts';

/** Run after a change of src/spec/schema.ts: `npx tsx scripts/makeSchema.ts`. A test fails while the file is stale. */
export const SCHEMA_FILE: string = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  'schema',
  'torchrig.schema.json',
);

/** The JSON Schema (draft 07) of torchrig.yaml: structure from the validator, values from what stands beside their readers. */
export function makeSchema(): string {
  const schema = toJsonSchema(fileSchema, {
    typeMode: 'input',
    // A value's metadata holds its whole JSON Schema; objects and lists are converted as they are.
    overrideAction: ({ valibotAction }) =>
      valibotAction.type === 'metadata'
        ? orVariable((valibotAction as unknown as { metadata: { editors: ForEditors } }).metadata.editors)
        : undefined,
  });
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'torchrig.yaml',
    description: 'An environment of torchrig: what is in it, and how it runs.',
  };
  return `${JSON.stringify({ ...head, ...emptyAllowed(schema), ...head }, null, 2)}\n`;
}

/** A key with nothing behind it, as when its lines are commented out, says nothing: null is allowed for objects and lists. */
function emptyAllowed(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    if (typeof value !== 'object' || (value.type !== 'object' && value.type !== 'array')) return [key, value];
    return [key, { ...emptyAllowed(value), type: [value.type, 'null'] }];
  });
  return properties.length === 0 ? schema : { ...schema, properties: Object.fromEntries(properties) };
}

/** A value may hold a variable; what an editor can check then is nothing. */
function orVariable({ description, ...value }: ForEditors): ForEditors {
  if (value['type'] === 'string' && value['pattern'] === undefined) return { description, ...value };
  const choices = Array.isArray(value['anyOf']) ? (value['anyOf'] as unknown[]) : [value];
  const { anyOf: _anyOf, examples, ...rest } = value;
  return {
    description,
    ...(value['anyOf'] ? rest : {}),
    anyOf: [...choices, { type: 'string', pattern: '\\$\\{' }],
    ...(value['anyOf'] && examples ? { examples } : {}),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(SCHEMA_FILE, makeSchema());
